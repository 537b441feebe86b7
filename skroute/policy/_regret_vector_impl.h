/* Vectors of one precision: VEC holds WIDTH numbers of type REAL; see _regret_kernel.h. */

#define VEC NAME(vec)

#ifdef SKROUTE_VECTORS
/* Orders of the numbers of two vectors, which are numbered through, and of those of one. */
#if WIDTH == 16
#define EVEN 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define ODD 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define TURN_8 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7
#define TURN_4 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11
#define TURN_2 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13
#define TURN_1 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
#elif WIDTH == 8
#define EVEN 0, 8, 2, 10, 4, 12, 6, 14
#define ODD 1, 9, 3, 11, 5, 13, 7, 15
#define LOW 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH 2, 3, 10, 11, 6, 7, 14, 15
#define TURN_4 4, 5, 6, 7, 0, 1, 2, 3
#define TURN_2 2, 3, 0, 1, 6, 7, 4, 5
#define TURN_1 1, 0, 3, 2, 5, 4, 7, 6
#else
#define EVEN 0, 4, 2, 6
#define ODD 1, 5, 3, 7
#define LOW 0, 1, 4, 5
#define HIGH 2, 3, 6, 7
#define TURN_2 2, 3, 0, 1
#define TURN_1 1, 0, 3, 2
#endif
#define EIGHTS (WIDTH / 8) /* how many times eight numbers a vector holds; 0 for four */
typedef REAL NAME(vec) __attribute__((vector_size(WIDTH * sizeof(REAL))));
typedef BITS NAME(bits) __attribute__((vector_size(WIDTH * sizeof(REAL))));
typedef REAL NAME(four) __attribute__((vector_size(4 * sizeof(REAL))));
typedef REAL NAME(eight) __attribute__((vector_size(8 * sizeof(REAL))));
typedef double NAME(doubles) __attribute__((vector_size((WIDTH < 8 ? 4 : 8) * sizeof(double))));
#define NUMBER(vector, i) (vector)[i]
#define KEEP_IF(condition, a) ((VEC)((NAME(bits))(condition) & (NAME(bits))(a)))
#else
#define WIDTH 1
#define WIDE 0
#define WIDE_SURROGATE 0
typedef REAL NAME(vec);
typedef struct { double number; } NAME(doubles);
#define NUMBER(vector, i) (vector)
#define KEEP_IF(condition, a) ((condition) ? (a) : 0)
#endif

SKROUTE_INLINE VEC NAME(load)(const REAL *from)
{
    VEC a;
    memcpy(&a, from, sizeof a);
    return a;
}

SKROUTE_INLINE void NAME(store)(REAL *to, VEC a)
{
    memcpy(to, &a, sizeof a);
}

SKROUTE_INLINE VEC NAME(repeat)(REAL number)
{
    VEC zero = {0};
    return zero + number;
}

/* The first `n` numbers of `from`, then `filler`. */
SKROUTE_INLINE VEC NAME(load_some)(const REAL *from, ptrdiff_t n, REAL filler)
{
    REAL some[WIDTH];
    ptrdiff_t v;
    for (v = 0; v < WIDTH; v++)
        some[v] = v < n ? from[v] : filler;
    return NAME(load)(some);
}

/* If one is NaN, b. */
SKROUTE_INLINE VEC NAME(larger)(VEC a, VEC b)
{
#if !defined(SKROUTE_VECTORS)
    return a > b ? a : b;
#elif defined(MAXIMUM)
    return MAXIMUM(a, b);
#else
    NAME(bits) is_larger = (NAME(bits))(a > b);
    return (VEC)(((NAME(bits))a & is_larger) | ((NAME(bits))b & ~is_larger));
#endif
}

SKROUTE_INLINE VEC NAME(plus)(VEC a, VEC b)
{
    return a + b;
}

/* total += weight * a, in double. */
SKROUTE_INLINE void NAME(add_weighted)(NAME(doubles) *total, const double *weight, VEC a)
{
#ifndef SKROUTE_VECTORS
    total[0].number += weight[0] * (double)a;
#elif WIDTH == 16
    NAME(doubles) w[2];
    memcpy(w, weight, sizeof w);
    total[0] += w[0] * __builtin_convertvector(
        __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7), NAME(doubles));
    total[1] += w[1] * __builtin_convertvector(
        __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15), NAME(doubles));
#else
    NAME(doubles) w;
    memcpy(&w, weight, sizeof w);
    total[0] += w * __builtin_convertvector(a, NAME(doubles));
#endif
}

#ifndef SKROUTE_VECTORS

#define FOLD(a, operation) ((void)0)
SKROUTE_INLINE VEC NAME(exp_nonpositive)(VEC x) { return (REAL)exp((double)x); }
SKROUTE_INLINE VEC NAME(log_from_one)(VEC x) { return (REAL)log((double)x); }

#else

/* Leave the result of `operation` over all numbers of `a` in each of them. */
#ifdef TURN_8
#define FOLD_8(a, operation) a = operation(a, __builtin_shufflevector(a, a, TURN_8))
#else
#define FOLD_8(a, operation) ((void)0)
#endif
#ifdef TURN_4
#define FOLD_4(a, operation) a = operation(a, __builtin_shufflevector(a, a, TURN_4))
#else
#define FOLD_4(a, operation) ((void)0)
#endif
#define FOLD(a, operation) do { \
        FOLD_8(a, operation); \
        FOLD_4(a, operation); \
        a = operation(a, __builtin_shufflevector(a, a, TURN_2)); \
        a = operation(a, __builtin_shufflevector(a, a, TURN_1)); \
    } while (0)

/* exp(x) for x <= 0: x = n ln 2 + r with |r| <= ln(2) / 2, a Taylor polynomial in r, and n added
   to the exponent bits.  Four terms at a time: a chain of single terms would wait for itself. */
SKROUTE_INLINE VEC NAME(exp_nonpositive)(VEC x)
{
    VEC shifted = x * (REAL)1.4426950408889634 + ROUNDER;
    VEC n = shifted - ROUNDER;
    VEC r = (x - n * LN2_HIGH) - n * LN2_LOW;
    VEC r2 = r * r, r4 = r2 * r2, p;
    NAME(bits) power = (NAME(bits))shifted << MANTISSA;
#define TERM(k_factorial) ((REAL)(1.0 / (k_factorial)))
#define FOUR_TERMS(a, b, c, d) ((r * TERM(d) + TERM(c)) * r2 + (r * TERM(b) + TERM(a)))
    if (sizeof(REAL) == 4) {
        p = r2 * TERM(720) + (r * TERM(120) + TERM(24));
    } else {
        p = r4 * TERM(479001600) + FOUR_TERMS(40320, 362880, 3628800, 39916800);
        p = p * r4 + FOUR_TERMS(24, 120, 720, 5040);
    }
    p = p * r4 + FOUR_TERMS(1, 1, 2, 6);
#undef TERM
#undef FOUR_TERMS
    p = (VEC)((NAME(bits))p + power);
    return KEEP_IF(x >= SMALLEST, p);
}

/* log(x) for x >= 1: x = 2^n m with m in [1, 2), and log m = 2 atanh((m - 1) / (m + 1)) about
   m = sqrt(2). */
SKROUTE_INLINE VEC NAME(log_from_one)(VEC x)
{
    NAME(bits) bits = (NAME(bits))x, one = (NAME(bits))NAME(repeat)(1);
    VEC n = __builtin_convertvector((bits >> MANTISSA) - EXPONENT_BIAS, VEC);
    VEC m = (VEC)((bits & (((BITS)1 << MANTISSA) - 1)) | one);
    VEC large = KEEP_IF(m > (REAL)1.4142135623730951, NAME(repeat)(1));
    VEC f, g, series;
    n += large;
    m -= (REAL)0.5 * large * m;
    f = (m - 1) / (m + 1);
    g = f * f;
    series = NAME(repeat)((REAL)(2.0 / 9));
    if (sizeof(REAL) == 8) {
        series = g * (REAL)(2.0 / 21) + (REAL)(2.0 / 19);
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

/* ---- rows to lanes and back: (WIDTH, K) row by row <-> (K, WIDTH) ---- */

/* Four numbers from each of the addresses `step` apart, and back. */
SKROUTE_INLINE VEC NAME(gather_fours)(const REAL *from, ptrdiff_t step)
{
#if EIGHTS == 0
    (void)step;
    return NAME(load)(from);
#else
    NAME(four) a, b;
    NAME(eight) low;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + step, sizeof b);
    low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
#if EIGHTS == 2
    NAME(eight) high;
    memcpy(&a, from + 2 * step, sizeof a);
    memcpy(&b, from + 3 * step, sizeof b);
    high = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(
        low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    return low;
#endif
#endif
}

SKROUTE_INLINE void NAME(scatter_fours)(VEC a, REAL *to, ptrdiff_t step)
{
#if EIGHTS == 0
    (void)step;
    NAME(store)(to, a);
#else
    NAME(four) part = __builtin_shufflevector(a, a, 0, 1, 2, 3);
    memcpy(to, &part, sizeof part);
    part = __builtin_shufflevector(a, a, 4, 5, 6, 7);
    memcpy(to + step, &part, sizeof part);
#if EIGHTS == 2
    part = __builtin_shufflevector(a, a, 8, 9, 10, 11);
    memcpy(to + 2 * step, &part, sizeof part);
    part = __builtin_shufflevector(a, a, 12, 13, 14, 15);
    memcpy(to + 3 * step, &part, sizeof part);
#endif
#endif
}

/* Transposes each 4 x 4 square that a quarter (or half) of the four vectors makes. */
SKROUTE_INLINE void NAME(transpose_squares)(VEC *a)
{
    VEC low_ab = __builtin_shufflevector(a[0], a[1], EVEN);
    VEC high_ab = __builtin_shufflevector(a[0], a[1], ODD);
    VEC low_cd = __builtin_shufflevector(a[2], a[3], EVEN);
    VEC high_cd = __builtin_shufflevector(a[2], a[3], ODD);
    a[0] = __builtin_shufflevector(low_ab, low_cd, LOW);
    a[1] = __builtin_shufflevector(high_ab, high_cd, LOW);
    a[2] = __builtin_shufflevector(low_ab, low_cd, HIGH);
    a[3] = __builtin_shufflevector(high_ab, high_cd, HIGH);
}

/* Four columns at a time.  The last four overlap those before and repeat them. */
SKROUTE_INLINE void NAME(to_lanes)(const REAL *rows, REAL *lanes, ptrdiff_t K)
{
    ptrdiff_t k, i;
    for (k = 0; k < K; k += 4) {
        VEC a[4];
        k = k > K - 4 ? K - 4 : k;
        for (i = 0; i < 4; i++)
            a[i] = NAME(gather_fours)(rows + i * K + k, 4 * K);
        NAME(transpose_squares)(a);
        for (i = 0; i < 4; i++)
            NAME(store)(lanes + (k + i) * WIDTH, a[i]);
    }
}

SKROUTE_INLINE void NAME(to_rows)(const REAL *lanes, REAL *rows, ptrdiff_t K)
{
    ptrdiff_t k, i;
    for (k = 0; k < K; k += 4) {
        VEC a[4];
        k = k > K - 4 ? K - 4 : k;
        for (i = 0; i < 4; i++)
            a[i] = NAME(load)(lanes + (k + i) * WIDTH);
        NAME(transpose_squares)(a);
        for (i = 0; i < 4; i++)
            NAME(scatter_fours)(a[i], rows + i * K + k, 4 * K);
    }
}

#endif

/* Lanes past the last row hold zeros: harmless numbers with weight 0. */
SKROUTE_INLINE void NAME(load_tile)(const REAL *rows, ptrdiff_t n_rows, REAL *lanes, ptrdiff_t K)
{
    ptrdiff_t v, k;
#ifdef SKROUTE_VECTORS
    if (n_rows >= WIDTH && K >= 4) {
        NAME(to_lanes)(rows, lanes, K);
        return;
    }
    if (n_rows >= WIDTH && K == 2) { /* a constant stride is vectorized by the compiler */
        for (v = 0; v < WIDTH; v++) {
            lanes[v] = rows[2 * v];
            lanes[WIDTH + v] = rows[2 * v + 1];
        }
        return;
    }
    if (n_rows >= WIDTH && K == 3) {
        for (v = 0; v < WIDTH; v++) {
            lanes[v] = rows[3 * v];
            lanes[WIDTH + v] = rows[3 * v + 1];
            lanes[2 * WIDTH + v] = rows[3 * v + 2];
        }
        return;
    }
#endif
    for (k = 0; k < K; k++)
        for (v = 0; v < WIDTH; v++)
            lanes[k * WIDTH + v] = v < n_rows ? rows[v * K + k] : (REAL)0;
}

SKROUTE_INLINE void NAME(store_tile)(const REAL *lanes, REAL *rows, ptrdiff_t n_rows, ptrdiff_t K)
{
    ptrdiff_t v, k;
#ifdef SKROUTE_VECTORS
    if (n_rows >= WIDTH && K >= 4) {
        NAME(to_rows)(lanes, rows, K);
        return;
    }
    if (n_rows >= WIDTH && K == 2) {
        for (v = 0; v < WIDTH; v++) {
            rows[2 * v] = lanes[v];
            rows[2 * v + 1] = lanes[WIDTH + v];
        }
        return;
    }
    if (n_rows >= WIDTH && K == 3) {
        for (v = 0; v < WIDTH; v++) {
            rows[3 * v] = lanes[v];
            rows[3 * v + 1] = lanes[WIDTH + v];
            rows[3 * v + 2] = lanes[2 * WIDTH + v];
        }
        return;
    }
#endif
    for (v = 0; v < (n_rows < WIDTH ? n_rows : WIDTH); v++)
        for (k = 0; k < K; k++)
            rows[v * K + k] = lanes[k * WIDTH + v];
}
