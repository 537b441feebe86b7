/* Batched policy losses over rows of logits, compiled for each processor level and precision.

The design note is at the head of _regret_fast.pyx.  Nothing here holds state or allocates.  Read
next: _regret_precisions.h (constants), _regret_vector_impl.h (vectors, exp, log, transposition),
_regret_kernel_impl.h (the losses). */

#ifndef SKROUTE_REGRET_KERNEL_H
#define SKROUTE_REGRET_KERNEL_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SKROUTE_NOT_FINITE 1

/* Vectors are GNU C's (GCC 12, Clang); the compiler lowers them to what the processor has.  Other
   compilers get vectors of one number.  Extended precision would undo the rounding in exp. */
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector) && defined(FLT_EVAL_METHOD) \
    && (FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16) && !defined(SKROUTE_PORTABLE)
#define SKROUTE_VECTORS
#endif
#endif

#if defined(__GNUC__)
#define SKROUTE_INLINE static inline __attribute__((always_inline))
#define SKROUTE_PREFETCH(address, write) __builtin_prefetch(address, write, 3)
#else
#define SKROUTE_INLINE static inline
#define SKROUTE_PREFETCH(address, write) ((void)0)
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi" /* wide vectors never cross a call: all is inlined */
#endif

#define JOIN_(name, precision, level) name##_##precision##_##level
#define JOIN(name, precision, level) JOIN_(name, precision, level)
#define NAME(name) JOIN(name, REAL, LEVEL)

#define LEVEL baseline
#include "_regret_precisions.h"
#undef LEVEL

#define ARGUMENTS(REAL) \
    const REAL *logits, const REAL *utility, const REAL *cost, const double *sensitivity, \
    ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step, \
    double gradient_scale, REAL *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate, \
    double *value
#define PASS_ON \
    logits, utility, cost, sensitivity, sensitivity_step, weight, weight_step, gradient_scale, \
    gradient, n_rows, K, surrogate, value

#if defined(SKROUTE_VECTORS) && defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#include <immintrin.h>
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define LEVEL v3
#define SKROUTE_AVX2
#include "_regret_precisions.h"
#undef SKROUTE_AVX2
#undef LEVEL
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4,prefer-vector-width=512")
#define LEVEL v4
#define SKROUTE_AVX512
#include "_regret_precisions.h"
#undef LEVEL
#pragma GCC pop_options

#define LEVELS(REAL) \
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") \
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) \
        return policy_loss_##REAL##_v4(PASS_ON); \
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") \
        && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) \
        return policy_loss_##REAL##_v3(PASS_ON);
#else
#define LEVELS(REAL)
#endif

static int policy_loss_float(ARGUMENTS(float))
{
    LEVELS(float)
    return policy_loss_float_baseline(PASS_ON);
}

static int policy_loss_double(ARGUMENTS(double))
{
    LEVELS(double)
    return policy_loss_double_baseline(PASS_ON);
}

#endif
