/* The losses for one precision; see _regret_kernel.h for the names in capitals. */

/* What all rows of a call share.  A step is 1, or 0 where all rows share one number. */
typedef struct {
    const REAL *logits, *utility, *cost;
    const double *sensitivity, *weight;
    ptrdiff_t sensitivity_step, weight_step;
    double gradient_scale;
    REAL *gradient;
    ptrdiff_t n_rows, K;
} NAME(problem);

/* ---- few columns: WIDTH rows side by side ---- */

/* x (K, WIDTH) becomes the gradient; returns the losses.  `taint` stays 0 as long as every input
   is finite: 0 * x is NaN otherwise. */
SKROUTE_INLINE VEC NAME(tile)(
    REAL *x, REAL *u, const REAL *cost, const REAL *sensitivity, const REAL *weight,
    ptrdiff_t K, int surrogate, VEC *taint)
{
    VEC x_max = NAME(repeat)(-LARGEST), u_max = x_max, minus_u_max = x_max, bad = *taint;
    VEC mass = {0}, loss = {0}, n_best = {0}, best_x = {0}, spread, scale = NAME(load)(weight);
    ptrdiff_t k, end = K * WIDTH;

    for (k = 0; k < end; k += WIDTH) {
        VEC a = NAME(load)(x + k), b = NAME(load)(u + k);
        if (cost != NULL) {
            b -= NAME(load)(sensitivity) * NAME(load)(cost + k);
            NAME(store)(u + k, b);
        }
        bad += a * (REAL)0 + b * (REAL)0;
        x_max = NAME(larger)(a, x_max);
        u_max = NAME(larger)(b, u_max);
        if (surrogate)
            minus_u_max = NAME(larger)(-b, minus_u_max);
    }
    *taint = bad;

    if (!surrogate) { /* sum_k p_k d_k with d = max u - u; gradient p_k (d_k - sum_j p_j d_j) */
        for (k = 0; k < end; k += WIDTH) {
            VEC e = NAME(exp_nonpositive)(NAME(load)(x + k) - x_max);
            VEC d = u_max - NAME(load)(u + k);
            NAME(store)(x + k, e);
            NAME(store)(u + k, d);
            mass += e;
            loss += e * d;
        }
        loss /= mass;
        scale /= mass;
        for (k = 0; k < end; k += WIDTH)
            NAME(store)(x + k, NAME(load)(x + k) * (NAME(load)(u + k) - loss) * scale);
        return loss;
    }

    /* (max u - min u) * (log sum_j exp x_j - mean of x over the best); gradient p - 1[best] / n */
    for (k = 0; k < end; k += WIDTH) {
        VEC a = NAME(load)(x + k) - x_max;
        VEC e = NAME(exp_nonpositive)(a);
        VEC best = KEEP_IF(NAME(load)(u + k) == u_max, NAME(repeat)(1));
        NAME(store)(x + k, e);
        NAME(store)(u + k, best);
        mass += e;
        n_best += best;
        best_x += best * a;
    }
    spread = u_max + minus_u_max;
    loss = spread * (NAME(log_from_one)(mass) - best_x / n_best);
    scale *= spread;
    mass = scale / mass;
    n_best = scale / n_best;
    for (k = 0; k < end; k += WIDTH)
        NAME(store)(x + k, NAME(load)(x + k) * mass - NAME(load)(u + k) * n_best);
    return loss;
}

/* Memory works while the processor computes: ask for the `size` numbers that come AHEAD of these.
   Past the end of a table that does nothing. */
SKROUTE_INLINE void NAME(ask)(const REAL *table, ptrdiff_t size, int write)
{
    ptrdiff_t k;
    for (k = 0; k < size; k += LINE)
        if (write)
            SKROUTE_PREFETCH(table + k + AHEAD, 1);
        else
            SKROUTE_PREFETCH(table + k + AHEAD, 0);
}

SKROUTE_INLINE int NAME(narrow)(const NAME(problem) *p, int affine, int surrogate, double *value)
{
    enum { SIZE = (WIDE_SURROGATE + 1) * WIDTH };
    REAL x[SIZE], u[SIZE], c[SIZE];
    REAL sensitivity[WIDTH] = {0}, scaled[WIDTH] = {0};
    double weight[WIDTH] = {0};
    NAME(doubles) total[2] = {{0}};
    VEC taint = {0}, loss;
    ptrdiff_t first, k, v, K = p->K;
    /* Few lines are asked for all at once, many table by table: crowds of requests get stuck. */
    ptrdiff_t at_once = K <= CROWD ? WIDTH * K : 0, by_table = WIDTH * K - at_once;
    int finite = 1;

    for (first = 0; first < p->n_rows; first += WIDTH) {
        ptrdiff_t n = p->n_rows - first < WIDTH ? p->n_rows - first : WIDTH;
        const REAL *logits = p->logits + first * K, *utility = p->utility + first * K;
        const REAL *cost = affine ? p->cost + first * K : NULL;
        REAL *gradient = p->gradient + first * K;
        for (k = 0; k < at_once; k += LINE) {
            NAME(ask)(logits + k, LINE, 0);
            NAME(ask)(utility + k, LINE, 0);
            NAME(ask)(gradient + k, LINE, 1);
            if (affine)
                NAME(ask)(cost + k, LINE, 0);
        }
        if (first == 0 || n < WIDTH || p->weight_step || p->sensitivity_step)
            for (v = 0; v < WIDTH; v++) {
                ptrdiff_t row = first + (v < n ? v : n - 1);
                weight[v] = v < n ? p->weight[row * p->weight_step] : 0;
                scaled[v] = (REAL)(weight[v] * p->gradient_scale);
                if (affine)
                    sensitivity[v] = (REAL)p->sensitivity[row * p->sensitivity_step];
            }
        NAME(ask)(logits, by_table, 0);
        NAME(load_tile)(logits, n, x, K);
        NAME(ask)(utility, by_table, 0);
        NAME(load_tile)(utility, n, u, K);
        if (affine) {
            NAME(ask)(cost, by_table, 0);
            NAME(load_tile)(cost, n, c, K);
        }
        loss = NAME(tile)(x, u, affine ? c : NULL, sensitivity, scaled, K, surrogate, &taint);
        NAME(add_weighted)(total, weight, loss);
        NAME(ask)(gradient, by_table, 1);
        NAME(store_tile)(x, gradient, n, K);
    }
    for (v = 0; v < WIDTH; v++) {
        double share;
        memcpy(&share, (const char *)total + v * sizeof share, sizeof share);
        *value += share;
        finite &= NUMBER(taint, v) == 0;
    }
    return finite ? 0 : SKROUTE_NOT_FINITE;
}

/* ---- many columns: WIDTH numbers of one row side by side ---- */

SKROUTE_INLINE VEC NAME(utilities)(const REAL *utility, const REAL *cost, REAL sensitivity)
{
    VEC u = NAME(load)(utility);
    return cost != NULL ? u - sensitivity * NAME(load)(cost) : u;
}

/* Row `i`; returns its loss.  The last WIDTH columns are one more vector that overlaps those
   before; in sums `skip` of its numbers do not count.  The gradient may lie upon the logits, so the
   exponentials wait in it, and those of the last vector in a register. */
SKROUTE_INLINE REAL NAME(row)(
    const NAME(problem) *p, ptrdiff_t i, int affine, int surrogate, double weight, VEC *taint)
{
    ptrdiff_t K = p->K, k, end = K - WIDTH, whole = (K - 1) / WIDTH * WIDTH;
    const int ask = K > 4 * WIDTH && K <= LONG;
    const REAL *x = p->logits + i * K, *u = p->utility + i * K;
    const REAL *c = affine ? p->cost + i * K : NULL;
    const REAL sensitivity = affine ? (REAL)p->sensitivity[i * p->sensitivity_step] : 0;
    REAL *gradient = p->gradient + i * K;
    REAL scale = (REAL)(weight * p->gradient_scale), row_loss, share;
    VEC lanes, last_x = NAME(load)(x + end);
    VEC last_u = NAME(utilities)(u + end, affine ? c + end : NULL, sensitivity);
    VEC x_max = last_x, u_max = last_u, minus_u_max = -last_u;
    VEC bad = last_x * (REAL)0 + last_u * (REAL)0, last_e, mass, loss, n_best, best_x, counts;
    for (k = 0; k < WIDTH; k++)
        NUMBER(lanes, k) = (REAL)k;
    counts = KEEP_IF(lanes >= (REAL)(whole - end), NAME(repeat)(1));
#define U(k) NAME(utilities)(u + (k), affine ? c + (k) : NULL, sensitivity)

    for (k = 0; k < whole; k += WIDTH) {
        VEC a = NAME(load)(x + k), b = U(k);
        if (ask) {
            NAME(ask)(x + k, WIDTH, 0);
            NAME(ask)(u + k, WIDTH, 0);
            NAME(ask)(gradient + k, WIDTH, 1);
            if (affine)
                NAME(ask)(c + k, WIDTH, 0);
        }
        bad += a * (REAL)0 + b * (REAL)0;
        x_max = NAME(larger)(a, x_max);
        u_max = NAME(larger)(b, u_max);
        if (surrogate)
            minus_u_max = NAME(larger)(-b, minus_u_max);
    }
    *taint += bad;
    FOLD(x_max, NAME(larger));
    FOLD(u_max, NAME(larger));

    last_e = NAME(exp_nonpositive)(last_x - x_max);
    mass = counts * last_e;
    if (!surrogate) {
        VEC last_d = u_max - last_u;
        loss = mass * last_d;
        for (k = 0; k < whole; k += WIDTH) {
            VEC e = NAME(exp_nonpositive)(NAME(load)(x + k) - x_max);
            NAME(store)(gradient + k, e);
            mass += e;
            loss += e * (u_max - U(k));
        }
        FOLD(mass, NAME(plus));
        FOLD(loss, NAME(plus));
        row_loss = NUMBER(loss, 0) / NUMBER(mass, 0);
        scale /= NUMBER(mass, 0);
        for (k = 0; k < whole; k += WIDTH)
            NAME(store)(gradient + k,
                        NAME(load)(gradient + k) * (u_max - U(k) - row_loss) * scale);
        NAME(store)(gradient + end, last_e * (last_d - row_loss) * scale);
        return row_loss;
    }

#define BEST(u) KEEP_IF((u) == u_max, NAME(repeat)(1))
    FOLD(minus_u_max, NAME(larger));
    n_best = counts * BEST(last_u);
    best_x = n_best * (last_x - x_max);
    for (k = 0; k < whole; k += WIDTH) {
        VEC a = NAME(load)(x + k) - x_max, e = NAME(exp_nonpositive)(a), best = BEST(U(k));
        NAME(store)(gradient + k, e);
        mass += e;
        n_best += best;
        best_x += best * a;
    }
    FOLD(mass, NAME(plus));
    FOLD(n_best, NAME(plus));
    FOLD(best_x, NAME(plus));
    row_loss = NUMBER(u_max, 0) + NUMBER(minus_u_max, 0);
    scale *= row_loss;
    row_loss *= (REAL)log((double)NUMBER(mass, 0)) - NUMBER(best_x, 0) / NUMBER(n_best, 0);
    share = 1 / NUMBER(n_best, 0);
    mass = 1 / mass;
    for (k = 0; k < whole; k += WIDTH)
        NAME(store)(gradient + k, (NAME(load)(gradient + k) * mass - BEST(U(k)) * share) * scale);
    NAME(store)(gradient + end, (last_e * mass - BEST(last_u) * share) * scale);
    return row_loss;
#undef BEST
#undef U
}

SKROUTE_INLINE int NAME(wide)(const NAME(problem) *p, int affine, int surrogate, double *value)
{
    VEC taint = {0};
    double total = 0; /* other threads write to the line that holds `value` */
    ptrdiff_t i, v;
    int finite = 1;
    for (i = 0; i < p->n_rows; i++) {
        double weight = p->weight[i * p->weight_step];
        total += weight * (double)NAME(row)(p, i, affine, surrogate, weight, &taint);
    }
    *value += total;
    for (v = 0; v < WIDTH; v++)
        finite &= NUMBER(taint, v) == 0;
    return finite ? 0 : SKROUTE_NOT_FINITE;
}

/* Writes the gradient times `gradient_scale`, adds the weighted sum of the losses to `value`.
   Returns 0, or SKROUTE_NOT_FINITE for a logit or utility that is not (value and gradient mean
   nothing then). */
static int NAME(policy_loss)(
    const REAL *logits, const REAL *utility, const REAL *cost, const double *sensitivity,
    ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step, double gradient_scale,
    REAL *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate, double *value)
{
    const NAME(problem) p = {logits, utility, cost, sensitivity, weight, sensitivity_step,
                             weight_step, gradient_scale, gradient, n_rows, K};
    /* With constants the compiler drops the branches inside the loops. */
    if (WIDTH > 1 && K < (surrogate ? WIDE_SURROGATE : WIDE)) {
        if (cost == NULL)
            return surrogate ? NAME(narrow)(&p, 0, 1, value) : NAME(narrow)(&p, 0, 0, value);
        return surrogate ? NAME(narrow)(&p, 1, 1, value) : NAME(narrow)(&p, 1, 0, value);
    }
    if (cost == NULL)
        return surrogate ? NAME(wide)(&p, 0, 1, value) : NAME(wide)(&p, 0, 0, value);
    return surrogate ? NAME(wide)(&p, 1, 1, value) : NAME(wide)(&p, 1, 0, value);
}

#undef REAL
#undef BITS
#undef VEC
#undef NUMBER
#undef KEEP_IF
#undef FOLD
#undef FOLD_8
#undef FOLD_4
#undef MANTISSA
#undef EXPONENT_BIAS
#undef ROUNDER
#undef LN2_HIGH
#undef LN2_LOW
#undef SMALLEST
#undef LARGEST
#undef WIDTH
#undef EIGHTS
#undef MAXIMUM
#undef WIDE
#undef WIDE_SURROGATE
#undef EVEN
#undef ODD
#undef LOW
#undef HIGH
#undef TURN_8
#undef TURN_4
#undef TURN_2
#undef TURN_1
