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
#define WIDTH 16
#ifdef SKROUTE_AVX512
#define MAXIMUM(a, b) (VEC)_mm512_max_ps((__m512)(a), (__m512)(b))
#endif
#define WIDE 44 /* from so many columns on rows are worked on one by one, */
#define WIDE_SURROGATE 56 /* and from so many on in the classification loss */
/* Orders of the numbers of two vectors; see _regret_vector_impl.h. */
#define EVEN 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define ODD 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define TWO_EIGHTS 1
#define TURN_8 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7
#define TURN_4 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11
#define TURN_2 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13
#define TURN_1 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
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
#define WIDTH 8
#define TWO_EIGHTS 0
#ifdef SKROUTE_AVX512
#define MAXIMUM(a, b) (VEC)_mm512_max_pd((__m512d)(a), (__m512d)(b))
#endif
#define WIDE 28
#define WIDE_SURROGATE 44
#define EVEN 0, 8, 2, 10, 4, 12, 6, 14
#define ODD 1, 9, 3, 11, 5, 13, 7, 15
#define LOW 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH 2, 3, 10, 11, 6, 7, 14, 15
#define TURN_4 4, 5, 6, 7, 0, 1, 2, 3
#define TURN_2 2, 3, 0, 1, 6, 7, 4, 5
#define TURN_1 1, 0, 3, 2, 5, 4, 7, 6
#endif
#include "_regret_vector_impl.h"
#include "_regret_kernel_impl.h"

#undef LINE
#undef AHEAD
#undef LONG
#undef CROWD
