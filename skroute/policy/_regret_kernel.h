/* Batched policy losses over rows of logits: what a compiler must know, then both precisions.

The design note is at the head of _regret_fast.pyx.  This header holds no state and calls no
library but memcpy and malloc; _regret_kernel_impl.h is included once for float and once for double. */

#ifndef SKROUTE_REGRET_KERNEL_H
#define SKROUTE_REGRET_KERNEL_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A multi-versioned function is chosen when the module is loaded, by what the processor can do.
   It needs GNU indirect functions, and sanitizers cannot run inside their resolvers. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) \
    && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(SKROUTE_PORTABLE)
#define SKROUTE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SKROUTE_CLONES
#endif

#if defined(__GNUC__)
#define SKROUTE_INLINE static inline __attribute__((always_inline))
#define SKROUTE_ALIGNED __attribute__((aligned(64)))
#define SKROUTE_PREFETCH(address, write) __builtin_prefetch(address, write, 3)
#elif defined(_MSC_VER)
#define SKROUTE_INLINE static __forceinline
#define SKROUTE_ALIGNED __declspec(align(64))
#else
#define SKROUTE_INLINE static inline
#define SKROUTE_ALIGNED
#endif

#ifndef SKROUTE_PREFETCH
#define SKROUTE_PREFETCH(address, write) ((void)0)
#endif

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector) && !defined(SKROUTE_PORTABLE)
#define SKROUTE_SHUFFLE 1
#endif
#endif

#define SKROUTE_NOT_FINITE 1
#define SKROUTE_NO_MEMORY 2

#define LANES 16        /* rows worked on side by side */
#define TILES 16        /* at most TILES * LANES rows share a block */

#define REAL float
#define BITS uint32_t
#define NAME(name) name##_float
#define CAPACITY 4096   /* numbers in a block: 16 KiB, so that logits and utilities share the L1 cache */
#define MANTISSA 23
#define EXPONENT_BIAS 127
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define SMALLEST -87.0f /* exp of less counts as 0, and is no normal number */
#include "_regret_kernel_impl.h"

#define REAL double
#define BITS uint64_t
#define NAME(name) name##_double
#define CAPACITY 2048
#define MANTISSA 52
#define EXPONENT_BIAS 1023
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#define LN2_HIGH 0.693145751953125
#define LN2_LOW 1.42860682030941723212e-6
#define SMALLEST -708.0
#include "_regret_kernel_impl.h"

#undef LANES
#undef TILES
#endif
