/* The code for one processor level, in both precisions; see _regret_kernel.h. */

#define LINE (64 / (ptrdiff_t)sizeof(REAL)) /* numbers in a line of the cache */
/* How far ahead memory is asked for lines: much nearer and they come late, much farther and they
   push each other out.  With more than CROWD columns they are asked for table by table.  Beside
   LONG rows, which are read three times, asking does more harm than good. */
#define AHEAD (3072 / (ptrdiff_t)sizeof(REAL))
#define CROWD 12
#define LONG (2400 / (ptrdiff_t)sizeof(REAL))

#define REAL float
#define BITS uint32_t
#define MANTISSA 23
#define EXPONENT_BIAS 127
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define SMALLEST -87.0f /* exp of less counts as 0, and is no normal number */
#define LARGEST FLT_MAX
#ifdef SKROUTE_VECTORS
#define WIDE 44 /* from so many columns on rows are worked on one by one, */
#define WIDE_SURROGATE 56 /* and from so many on in the classification loss */
/* Numbers in a vector: as many as a register holds, for GCC is poor at reordering longer ones. */
#if defined(SKROUTE_AVX512)
#define WIDTH 16
#define MAXIMUM(a, b) (VEC)_mm512_max_ps((__m512)(a), (__m512)(b))
#elif defined(SKROUTE_AVX2)
#define WIDTH 8
#else
#define WIDTH 4
#endif
#endif
#include "_regret_vector_impl.h"
#include "_regret_kernel_impl.h"

#define REAL double
#define BITS uint64_t
#define MANTISSA 52
#define EXPONENT_BIAS 1023
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#define LN2_HIGH 0.693145751953125
#define LN2_LOW 1.42860682030941723212e-6
#define SMALLEST -708.0
#define LARGEST DBL_MAX
#ifdef SKROUTE_VECTORS
#define WIDE 28
#define WIDE_SURROGATE 44
#if defined(SKROUTE_AVX512)
#define WIDTH 8
#define MAXIMUM(a, b) (VEC)_mm512_max_pd((__m512d)(a), (__m512d)(b))
#elif defined(SKROUTE_AVX2)
#define WIDTH 4
#else
#define WIDTH 8 /* two to a register are too few for the squares of four; four were slower */
#endif
#endif
#include "_regret_vector_impl.h"
#include "_regret_kernel_impl.h"

#undef LINE
#undef AHEAD
#undef LONG
#undef CROWD
