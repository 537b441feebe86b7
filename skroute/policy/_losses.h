/* Blocks of rows and the losses of a block, for one precision. The design note is at the head of
   _losses.pyx, which includes this file once with REAL float and once with REAL double; BITS is
   the unsigned integer of the same size. */

#ifndef SKROUTE_LOSSES_H
#define SKROUTE_LOSSES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ROWS 16 /* rows of a block */

/* A function so marked is compiled for three kinds of x86-64 processors, and the one it runs on
   takes its own: needs GCC or clang 14 and the GNU loader. Elsewhere there is one version. */
#define FOR_EACH_PROCESSOR
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute)
#if __has_attribute(target_clones)
#undef FOR_EACH_PROCESSOR
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#endif

#ifdef _MSC_VER
#define INLINE static __forceinline
#else
#define INLINE static inline __attribute__((always_inline)) /* else it cannot be vectorized */
#endif

#define JOIN_(name, precision) name##_##precision
#define JOIN(name, precision) JOIN_(name, precision)
#define NAME(name) JOIN(name, REAL)

#endif

/* exp(x) for x <= 0. With n = round(x / ln 2) and r = x - n ln 2 it is 2^n exp(r): a Taylor
   polynomial in r, |r| <= ln(2) / 2, and n added to its exponent bits. Terms in groups of four, for
   a chain of single terms would wait for itself. 0 where the result would not be a normal number. */
INLINE REAL NAME(exp_nonpositive)(REAL x)
{
    const int is_single = sizeof(REAL) == 4, mantissa = is_single ? 23 : 52;
    /* Adding 1.5 * 2^mantissa rounds to an integer, which is left in the lowest bits. */
    const REAL rounder = is_single ? (REAL)12582912.0 : (REAL)6755399441055744.0;
    const REAL ln2_high = is_single ? (REAL)0.693359375 : (REAL)0.693145751953125;
    const REAL ln2_low = is_single ? (REAL)-2.12194440e-4 : (REAL)1.42860682030941723212e-6;
    const REAL smallest = is_single ? (REAL)-87 : (REAL)-708;
    REAL shifted = x * (REAL)1.4426950408889634 + rounder, n, r, r2, r4, sum;
    BITS power, bits;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&shifted, &power, sizeof power); /* drops the extended precision of old processors */
    n = shifted - rounder;
    r = (x - n * ln2_high) - n * ln2_low;
    r2 = r * r;
    r4 = r2 * r2;
#define TERM(k_factorial) ((REAL)(1.0 / (k_factorial)))
#define FOUR_TERMS(a, b, c, d) ((r * TERM(d) + TERM(c)) * r2 + (r * TERM(b) + TERM(a)))
    if (is_single) {
        sum = r2 * TERM(720) + (r * TERM(120) + TERM(24));
    } else {
        sum = r4 * TERM(479001600) + FOUR_TERMS(40320, 362880, 3628800, 39916800);
        sum = sum * r4 + FOUR_TERMS(24, 120, 720, 5040);
    }
    sum = sum * r4 + FOUR_TERMS(1, 1, 2, 6);
#undef FOUR_TERMS
#undef TERM
    memcpy(&bits, &sum, sizeof bits);
    bits += power << mantissa;
    bits &= -(BITS)(x >= smallest); /* a branch would keep compilers from vectorizing */
    memcpy(&sum, &bits, sizeof sum);
    return sum;
}

/* ---- The losses. A loss is a function of one block. All tables are (K, ROWS), column by column.
   In:  `logits`, less the largest of their row, so at most 0;
        `regret`, max_j u_j - u_k of each model k, so at least 0, and exactly 0 for the best.
   Out: `logits` becomes the gradient of each row's loss; `regret` may be used as a buffer;
        `loss` (ROWS,).
   A new loss is such a function, and a line in the list below the last one. ---- */

typedef void NAME(block_loss)(
    ptrdiff_t K, REAL *__restrict logits, REAL *__restrict regret, REAL *__restrict loss);

/* sum_k p_k d_k with p = softmax(x) and d the regret; gradient p_k (d_k - sum_j p_j d_j). */
FOR_EACH_PROCESSOR static void NAME(softmax_regret)(
    ptrdiff_t K, REAL *__restrict logits, REAL *__restrict regret, REAL *__restrict loss)
{
    REAL mass[ROWS] = {0}, sum[ROWS] = {0}, share[ROWS];
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++) {
            REAL e = NAME(exp_nonpositive)(logits[k * ROWS + row]);
            logits[k * ROWS + row] = e;
            mass[row] += e;
            sum[row] += e * regret[k * ROWS + row];
        }
    for (int row = 0; row < ROWS; row++) {
        share[row] = 1 / mass[row];
        loss[row] = sum[row] / mass[row];
    }
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++)
            logits[k * ROWS + row] *= (regret[k * ROWS + row] - loss[row]) * share[row];
}

/* s (log sum_j exp(x_j) - mean of x over the n best models) with s the largest regret;
   gradient s (p_k - 1[k is best] / n). */
FOR_EACH_PROCESSOR static void NAME(classification_surrogate)(
    ptrdiff_t K, REAL *__restrict logits, REAL *__restrict regret, REAL *__restrict loss)
{
    REAL mass[ROWS] = {0}, n_best[ROWS] = {0}, sum_best[ROWS] = {0}, spread[ROWS] = {0};
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++) {
            REAL x = logits[k * ROWS + row], d = regret[k * ROWS + row];
            REAL e = NAME(exp_nonpositive)(x), is_best = d == 0 ? (REAL)1 : (REAL)0;
            logits[k * ROWS + row] = e;
            regret[k * ROWS + row] = is_best;
            mass[row] += e;
            n_best[row] += is_best;
            sum_best[row] += is_best * x;
            spread[row] = d > spread[row] ? d : spread[row];
        }
    for (int row = 0; row < ROWS; row++) {
        loss[row] = spread[row] * ((REAL)log((double)mass[row]) - sum_best[row] / n_best[row]);
        mass[row] = spread[row] / mass[row];
        n_best[row] = spread[row] / n_best[row];
    }
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++) {
            REAL p = logits[k * ROWS + row] * mass[row];
            logits[k * ROWS + row] = p - regret[k * ROWS + row] * n_best[row];
        }
}

static const struct { const char *name; NAME(block_loss) *of_block; } NAME(losses)[] = {
    {"softmax", NAME(softmax_regret)},
    {"classification", NAME(classification_surrogate)},
};

/* ---- Blocks. ---- */

/* Rows (n_rows, K) of a table, n_rows <= ROWS, to columns (K, ROWS). Rows that the table does not
   have are 0: harmless numbers, which get weight 0. */
FOR_EACH_PROCESSOR static void NAME(read_block)(
    const REAL *__restrict table, ptrdiff_t n_rows, ptrdiff_t K, REAL *__restrict block)
{
    if (n_rows == ROWS) {
        for (ptrdiff_t k = 0; k < K; k++)
            for (int row = 0; row < ROWS; row++)
                block[k * ROWS + row] = table[row * K + k];
        return;
    }
    memset(block, 0, (size_t)(K * ROWS) * sizeof *block);
    for (ptrdiff_t k = 0; k < K; k++)
        for (ptrdiff_t row = 0; row < n_rows; row++)
            block[k * ROWS + row] = table[row * K + k];
}

/* The way back, times the factor of each row. */
FOR_EACH_PROCESSOR static void NAME(write_block)(
    const REAL *__restrict block, const REAL *__restrict factor, ptrdiff_t n_rows, ptrdiff_t K,
    REAL *__restrict table)
{
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t k = 0; k < K; k++)
            table[row * K + k] = block[k * ROWS + row] * factor[row];
}

/* Make of logits and utilities what a loss takes; with a cost, `utility` is the quality at first.
   `taint` becomes NaN for a row with a number that is not finite: 0 times it is NaN. */
FOR_EACH_PROCESSOR static void NAME(center)(
    REAL *__restrict logits, REAL *__restrict utility, const REAL *__restrict cost,
    const REAL *__restrict sensitivity, ptrdiff_t K, REAL *__restrict taint)
{
    REAL best_logit[ROWS], best_utility[ROWS];
    for (ptrdiff_t k = 0; k < K && cost != NULL; k++)
        for (int row = 0; row < ROWS; row++)
            utility[k * ROWS + row] -= sensitivity[row] * cost[k * ROWS + row];
    memcpy(best_logit, logits, sizeof best_logit);
    memcpy(best_utility, utility, sizeof best_utility);
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++) {
            REAL x = logits[k * ROWS + row], u = utility[k * ROWS + row];
            taint[row] += x * 0 + u * 0;
            best_logit[row] = x > best_logit[row] ? x : best_logit[row];
            best_utility[row] = u > best_utility[row] ? u : best_utility[row];
        }
    for (ptrdiff_t k = 0; k < K; k++)
        for (int row = 0; row < ROWS; row++) {
            logits[k * ROWS + row] -= best_logit[row];
            utility[k * ROWS + row] = best_utility[row] - utility[k * ROWS + row];
        }
}

/* The mean loss of a table, and its gradient in the logits. NaN if a logit, utility or cost is not
   finite, or if no loss has the name. `sensitivity` and `weight` have a number for each row, or one for all: then their step is
   0. `cost` may be NULL. `buffer` holds three blocks, two without cost. */
static double NAME(mean_loss)(
    const char *name, const REAL *logits, const REAL *utility, const REAL *cost,
    const double *sensitivity, ptrdiff_t sensitivity_step, const double *weight,
    ptrdiff_t weight_step, double total_weight, REAL *gradient, ptrdiff_t n_rows, ptrdiff_t K,
    REAL *buffer)
{
    REAL *x = buffer, *u = x + K * ROWS, *c = u + K * ROWS;
    REAL loss[ROWS], factor[ROWS] = {0}, row_sensitivity[ROWS] = {0}, taint[ROWS] = {0};
    NAME(block_loss) *loss_of_block = NULL;
    const double share = 1 / total_weight;
    double total = 0.0;
    for (size_t i = 0; i < sizeof NAME(losses) / sizeof *NAME(losses); i++)
        if (strcmp(NAME(losses)[i].name, name) == 0)
            loss_of_block = NAME(losses)[i].of_block;
    if (loss_of_block == NULL)
        return NAN;
    for (ptrdiff_t first = 0; first < n_rows; first += ROWS) {
        const ptrdiff_t start = first * K, n = n_rows - first < ROWS ? n_rows - first : ROWS;
        NAME(read_block)(logits + start, n, K, x);
        NAME(read_block)(utility + start, n, K, u);
        for (ptrdiff_t row = 0; row < n; row++)
            factor[row] = (REAL)(weight[(first + row) * weight_step] * share);
        if (cost != NULL) {
            for (ptrdiff_t row = 0; row < n; row++)
                row_sensitivity[row] = (REAL)sensitivity[(first + row) * sensitivity_step];
            NAME(read_block)(cost + start, n, K, c);
        }
        NAME(center)(x, u, cost != NULL ? c : NULL, row_sensitivity, K, taint);
        loss_of_block(K, x, u, loss);
        NAME(write_block)(x, factor, n, K, gradient + start);
        for (ptrdiff_t row = 0; row < n; row++)
            total += weight[(first + row) * weight_step] * (double)loss[row];
    }
    for (int row = 0; row < ROWS; row++)
        total += (double)taint[row];
    return total / total_weight;
}
