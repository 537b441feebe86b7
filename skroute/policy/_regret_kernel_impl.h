/* The losses for one precision, REAL; see _regret_kernel.h for the names in capitals. */

/* ---- elementary functions, written so that any compiler turns a loop over them into vectors ---- */

/* exp(x) for x <= 0: x = n ln 2 + r with |r| <= ln(2) / 2, a Taylor polynomial in r, and n added
   to the exponent bits. */
SKROUTE_INLINE REAL NAME(exp_nonpositive)(REAL x)
{
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
    return (REAL)exp((double)x); /* extended precision would undo the rounding trick */
#else
    REAL shifted = x * (REAL)1.4426950408889634 + ROUNDER;
    REAL n = shifted - ROUNDER;
    REAL r = (x - n * LN2_HIGH) - n * LN2_LOW;
    REAL p;
    BITS power, bits;
    if (sizeof(REAL) == 4) {
        p = (REAL)(1.0 / 720);
    } else {
        p = (REAL)(1.0 / 479001600);
        p = p * r + (REAL)(1.0 / 39916800);
        p = p * r + (REAL)(1.0 / 3628800);
        p = p * r + (REAL)(1.0 / 362880);
        p = p * r + (REAL)(1.0 / 40320);
        p = p * r + (REAL)(1.0 / 5040);
        p = p * r + (REAL)(1.0 / 720);
    }
    p = p * r + (REAL)(1.0 / 120);
    p = p * r + (REAL)(1.0 / 24);
    p = p * r + (REAL)(1.0 / 6);
    p = p * r + (REAL)0.5;
    p = p * r + (REAL)1;
    p = p * r + (REAL)1;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&bits, &p, sizeof bits);
    bits = (bits + (power << MANTISSA)) & (BITS)-(x >= SMALLEST); /* a mask, not a branch */
    memcpy(&p, &bits, sizeof p);
    return p;
#endif
}

/* log(x) for x >= 1: x = 2^n m with m in [1, 2), and log m = 2 atanh((m - 1) / (m + 1)) about
   m = sqrt(2). */
SKROUTE_INLINE REAL NAME(log_from_one)(REAL x)
{
    BITS bits, one = (BITS)EXPONENT_BIAS << MANTISSA;
    REAL m, n, f, g, series;
    memcpy(&bits, &x, sizeof bits);
    n = (REAL)(int32_t)((bits >> MANTISSA) - EXPONENT_BIAS);
    bits = (bits & (((BITS)1 << MANTISSA) - 1)) | one;
    memcpy(&m, &bits, sizeof m);
    n = m > (REAL)1.4142135623730951 ? n + 1 : n;
    m = m > (REAL)1.4142135623730951 ? m * (REAL)0.5 : m;
    f = (m - 1) / (m + 1);
    g = f * f;
    series = (REAL)(2.0 / 9);
    if (sizeof(REAL) == 8) {
        series = (REAL)(2.0 / 21);
        series = series * g + (REAL)(2.0 / 19);
        series = series * g + (REAL)(2.0 / 17);
        series = series * g + (REAL)(2.0 / 15);
        series = series * g + (REAL)(2.0 / 13);
        series = series * g + (REAL)(2.0 / 11);
        series = series * g + (REAL)(2.0 / 9);
    }
    series = series * g + (REAL)(2.0 / 7);
    series = series * g + (REAL)(2.0 / 5);
    series = series * g + (REAL)(2.0 / 3);
    series = series * g + (REAL)2;
    return n * LN2_HIGH + (n * LN2_LOW + f * series);
}

/* ---- rows to lanes and back: (LANES, K) row by row <-> (K, LANES) ---- */

#ifdef SKROUTE_SHUFFLE
typedef REAL NAME(four) __attribute__((vector_size(4 * sizeof(REAL))));

/* Transpose the 4 x 4 numbers at `from`; consecutive rows are `from_step` and `to_step` apart. */
SKROUTE_INLINE void NAME(transpose4)(const REAL *from, ptrdiff_t from_step, REAL *to, ptrdiff_t to_step)
{
    NAME(four) a, b, c, d, low_ab, high_ab, low_cd, high_cd;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + from_step, sizeof b);
    memcpy(&c, from + 2 * from_step, sizeof c);
    memcpy(&d, from + 3 * from_step, sizeof d);
    low_ab = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    high_ab = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    low_cd = __builtin_shufflevector(c, d, 0, 4, 2, 6);
    high_cd = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    a = __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5);
    b = __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5);
    c = __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7);
    d = __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7);
    memcpy(to, &a, sizeof a);
    memcpy(to + to_step, &b, sizeof b);
    memcpy(to + 2 * to_step, &c, sizeof c);
    memcpy(to + 3 * to_step, &d, sizeof d);
}
#endif

SKROUTE_INLINE void NAME(to_lanes)(const REAL *rows, REAL *lanes, ptrdiff_t K)
{
    ptrdiff_t v, k;
    if (K == 1) {
        memcpy(lanes, rows, LANES * sizeof(REAL));
        return;
    }
    if (K == 2) { /* a constant stride is vectorized by the compiler */
        for (v = 0; v < LANES; v++) {
            lanes[v] = rows[2 * v];
            lanes[LANES + v] = rows[2 * v + 1];
        }
        return;
    }
#ifdef SKROUTE_SHUFFLE
    if (K >= 4) {
        for (v = 0; v < LANES; v += 4)
            for (k = 0; k < K; k += 4) {
                if (k > K - 4)
                    k = K - 4; /* the last four columns overlap those before and repeat them */
                NAME(transpose4)(rows + v * K + k, K, lanes + k * LANES + v, LANES);
            }
        return;
    }
#endif
    for (v = 0; v < LANES; v++)
        for (k = 0; k < K; k++)
            lanes[k * LANES + v] = rows[v * K + k];
}

SKROUTE_INLINE void NAME(to_rows)(const REAL *lanes, REAL *rows, ptrdiff_t K)
{
    ptrdiff_t v, k;
    if (K == 1) {
        memcpy(rows, lanes, LANES * sizeof(REAL));
        return;
    }
    if (K == 2) {
        for (v = 0; v < LANES; v++) {
            rows[2 * v] = lanes[v];
            rows[2 * v + 1] = lanes[LANES + v];
        }
        return;
    }
#ifdef SKROUTE_SHUFFLE
    if (K >= 4) {
        for (v = 0; v < LANES; v += 4)
            for (k = 0; k < K; k += 4) {
                if (k > K - 4)
                    k = K - 4;
                NAME(transpose4)(lanes + k * LANES + v, LANES, rows + v * K + k, K);
            }
        return;
    }
#endif
    for (v = 0; v < LANES; v++)
        for (k = 0; k < K; k++)
            rows[v * K + k] = lanes[k * LANES + v];
}

/* Lanes past the last row hold zeros: harmless numbers with weight 0. */
SKROUTE_INLINE void NAME(load_tile)(const REAL *rows, ptrdiff_t n_rows, REAL *lanes, ptrdiff_t K)
{
    ptrdiff_t v, k;
    if (n_rows >= LANES) {
        NAME(to_lanes)(rows, lanes, K);
        return;
    }
    for (k = 0; k < K; k++)
        for (v = 0; v < LANES; v++)
            lanes[k * LANES + v] = v < n_rows ? rows[v * K + k] : (REAL)0;
}

SKROUTE_INLINE void NAME(store_tile)(const REAL *lanes, REAL *rows, ptrdiff_t n_rows, ptrdiff_t K)
{
    ptrdiff_t v, k;
    if (n_rows >= LANES) {
        NAME(to_rows)(lanes, rows, K);
        return;
    }
    for (v = 0; v < n_rows; v++)
        for (k = 0; k < K; k++)
            rows[v * K + k] = lanes[k * LANES + v];
}

/* ---- one tile: LANES rows side by side, x (K, LANES) becomes the gradient ---- */

/* Adds the weighted losses to `total`.  `weight` is 0 in lanes without a row.  `taint` stays 0 as
   long as every input is finite: 0 * x is NaN otherwise. */
SKROUTE_INLINE void NAME(tile)(
    REAL *__restrict x, REAL *__restrict u, const REAL *__restrict cost,
    const REAL *__restrict sensitivity, const double *__restrict weight, double gradient_scale,
    ptrdiff_t K, int surrogate, double *__restrict total, REAL *__restrict taint)
{
    REAL x_max[LANES], u_max[LANES], u_min[LANES], mass[LANES], loss[LANES], scale[LANES];
    REAL n_best[LANES], best_x[LANES];
    ptrdiff_t k, v;

    if (cost != NULL)
        for (k = 0; k < K; k++)
            for (v = 0; v < LANES; v++)
                u[k * LANES + v] -= sensitivity[v] * cost[k * LANES + v];
    for (v = 0; v < LANES; v++) {
        x_max[v] = x[v];
        u_max[v] = u_min[v] = u[v];
        mass[v] = loss[v] = n_best[v] = best_x[v] = 0;
    }
    for (k = 0; k < K; k++)
        for (v = 0; v < LANES; v++) {
            REAL a = x[k * LANES + v], b = u[k * LANES + v];
            taint[v] += a * (REAL)0 + b * (REAL)0;
            x_max[v] = a > x_max[v] ? a : x_max[v];
            u_max[v] = b > u_max[v] ? b : u_max[v];
            if (surrogate)
                u_min[v] = b < u_min[v] ? b : u_min[v];
        }

    if (!surrogate) { /* sum_k p_k d_k with d = max u - u; gradient p_k (d_k - sum_j p_j d_j) */
        for (k = 0; k < K; k++)
            for (v = 0; v < LANES; v++) {
                REAL e = NAME(exp_nonpositive)(x[k * LANES + v] - x_max[v]);
                REAL d = u_max[v] - u[k * LANES + v];
                x[k * LANES + v] = e;
                mass[v] += e;
                loss[v] += e * d;
            }
        for (v = 0; v < LANES; v++) {
            loss[v] /= mass[v];
            scale[v] = (REAL)(weight[v] * gradient_scale) / mass[v];
            total[v] += weight[v] * (double)loss[v];
        }
        for (k = 0; k < K; k++)
            for (v = 0; v < LANES; v++)
                x[k * LANES + v] *= (u_max[v] - u[k * LANES + v] - loss[v]) * scale[v];
        return;
    }

    /* (max u - min u) * (log sum_j exp x_j - mean of x over the best); gradient p - 1[best] / n */
    for (k = 0; k < K; k++)
        for (v = 0; v < LANES; v++) {
            REAL a = x[k * LANES + v] - x_max[v];
            REAL e = NAME(exp_nonpositive)(a);
            REAL b = u[k * LANES + v] == u_max[v] ? (REAL)1 : (REAL)0;
            x[k * LANES + v] = e;
            u[k * LANES + v] = b;
            mass[v] += e;
            n_best[v] += b;
            best_x[v] += b * a;
        }
    for (v = 0; v < LANES; v++) {
        REAL spread = u_max[v] - u_min[v];
        loss[v] = spread * (NAME(log_from_one)(mass[v]) - best_x[v] / n_best[v]);
        scale[v] = (REAL)(weight[v] * gradient_scale) * spread;
        total[v] += weight[v] * (double)loss[v];
        mass[v] = 1 / mass[v];
        n_best[v] = 1 / n_best[v];
    }
    for (k = 0; k < K; k++)
        for (v = 0; v < LANES; v++)
            x[k * LANES + v] =
                (x[k * LANES + v] * mass[v] - u[k * LANES + v] * n_best[v]) * scale[v];
}

/* Blocks of rows small enough for the L1 cache.  All tiles of a block are transposed before the
   first is read again: a vector loaded from numbers just stored piecewise would have to wait. */
SKROUTE_INLINE void NAME(blocks)(
    const REAL *logits, const REAL *utility, const REAL *cost, const double *sensitivity,
    ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step, double gradient_scale,
    REAL *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate,
    REAL *scratch, ptrdiff_t n_tiles, double *total, REAL *taint)
{
    REAL *x = scratch, *u = x + n_tiles * K * LANES, *c = u + n_tiles * K * LANES;
    REAL lambda[LANES];
    double w[LANES];
    ptrdiff_t first, t, v;

    for (first = 0; first < n_rows; first += n_tiles * LANES) {
        ptrdiff_t n_block = n_rows - first < n_tiles * LANES ? n_rows - first : n_tiles * LANES;
        for (t = 0; t < n_block; t += LANES) {
            ptrdiff_t at = (first + t) * K;
            NAME(load_tile)(logits + at, n_block - t, x + t * K, K);
            NAME(load_tile)(utility + at, n_block - t, u + t * K, K);
            if (cost != NULL)
                NAME(load_tile)(cost + at, n_block - t, c + t * K, K);
        }
        for (t = 0; t < n_block; t += LANES) {
            ptrdiff_t at = (first + n_block + t) * K * (ptrdiff_t)sizeof(REAL), k;
            /* Memory works while the processor computes: the same tile of the next block. */
            if (first + n_block + t + LANES <= n_rows)
                for (k = 0; k < K * LANES * (ptrdiff_t)sizeof(REAL); k += 64) {
                    SKROUTE_PREFETCH((const char *)logits + at + k, 0);
                    SKROUTE_PREFETCH((const char *)utility + at + k, 0);
                    SKROUTE_PREFETCH((const char *)gradient + at + k, 1);
                    if (cost != NULL)
                        SKROUTE_PREFETCH((const char *)cost + at + k, 0);
                }
            for (v = 0; v < LANES; v++) {
                ptrdiff_t row = first + (t + v < n_block ? t + v : n_block - 1);
                w[v] = t + v < n_block ? weight[row * weight_step] : 0;
                if (cost != NULL)
                    lambda[v] = (REAL)sensitivity[row * sensitivity_step];
            }
            NAME(tile)(x + t * K, u + t * K, cost != NULL ? c + t * K : NULL, lambda, w,
                       gradient_scale, K, surrogate, total, taint);
        }
        for (t = 0; t < n_block; t += LANES)
            NAME(store_tile)(x + t * K, gradient + (first + t) * K, n_block - t, K);
    }
}

/* Rows [0, n_rows): writes the gradient times `gradient_scale`, adds the weighted sum of the
   losses to `value`.  A step is 1, or 0 where all rows share one number.  Returns 0, or
   SKROUTE_NOT_FINITE for a logit or utility that is not (value and gradient mean nothing then),
   or SKROUTE_NO_MEMORY. */
SKROUTE_CLONES static int NAME(policy_loss)(
    const REAL *logits, const REAL *utility, const REAL *cost, const double *sensitivity,
    ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step, double gradient_scale,
    REAL *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate, double *value)
{
    SKROUTE_ALIGNED REAL stack[3 * CAPACITY];
    REAL *scratch = stack, taint[LANES] = {0};
    double total[LANES] = {0};
    ptrdiff_t v, n_tiles = CAPACITY / (K * LANES);
    int status = 0;
    if (n_tiles > TILES)
        n_tiles = TILES;
    if (n_tiles == 0) { /* hundreds of columns: a block is one tile, in memory of its own */
        n_tiles = 1;
        scratch = malloc(3 * K * LANES * sizeof(REAL));
        if (scratch == NULL)
            return SKROUTE_NO_MEMORY;
    }
#define BLOCKS(cost, surrogate) NAME(blocks)( \
        logits, utility, cost, sensitivity, sensitivity_step, weight, weight_step, gradient_scale, \
        gradient, n_rows, K, surrogate, scratch, n_tiles, total, taint)
    /* With constants the compiler drops the branches inside the loops. */
    if (cost == NULL && !surrogate)
        BLOCKS(NULL, 0);
    else if (cost == NULL)
        BLOCKS(NULL, 1);
    else if (!surrogate)
        BLOCKS(cost, 0);
    else
        BLOCKS(cost, 1);
#undef BLOCKS
    for (v = 0; v < LANES; v++) {
        *value += total[v];
        if (!(taint[v] == 0))
            status = SKROUTE_NOT_FINITE;
    }
    if (scratch != stack)
        free(scratch);
    return status;
}

#undef REAL
#undef BITS
#undef NAME
#undef CAPACITY
#undef MANTISSA
#undef EXPONENT_BIAS
#undef ROUNDER
#undef LN2_HIGH
#undef LN2_LOW
#undef SMALLEST
