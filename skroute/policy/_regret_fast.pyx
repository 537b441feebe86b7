# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Value and gradient of the policy losses over rows of logits, in one pass.

Design note
-----------
For row i with logits x (K,), utilities u (K,) and weight w, let p = softmax(x) and d = max(u) - u.

    softmax regret          L = sum_k p_k d_k               dL/dx_k = p_k (d_k - L)
    classification          L = s (log sum_j exp(x_j) - mean of x over the best models)
                            dL/dx_k = s (p_k - 1[k best] / n_best),    s = max(u) - min(u)

The value is sum_i w_i L_i / sum_i w_i and the gradient carries w_i / sum_i w_i. In the affine case
u = quality - lambda * cost is formed on the fly, each row with a lambda of its own.

*Where the time goes.* A bare vectorized exp of the same array costs 0.4 to 0.6 ns a number. All
the rest must not cost much more, so nothing is read from memory twice and nothing is allocated:

1. Few columns (K < WIDE: 48 in float32, 16 in float64). A vector along a short row would be mostly
   idle and would end in slow horizontal sums. Instead rows ride side by side in the lanes of a
   vector; maximum, sum and exp over k are plain vertical operations, whatever K is. Tiles of
   (WIDTH rows, K) are transposed to (K, WIDTH lanes) in 4 x 4 squares, and the gradient back; they
   wait on the stack, a few KiB of the L1 cache.
2. Many columns. Transposing would cost more than it saves, so neighbours in a row share a vector,
   and sums end in a few shuffles for each row. A row is read from memory once; the second and
   third look at it find it in the L1 cache. The last vector overlaps the one before.
3. exp and log are polynomials, so that they need no library and no -ffast-math, which would change
   the rounding mode of the whole process.
4. Vectors are written as GNU C vector types and are 64 bytes everywhere: the compiler splits them
   where registers are shorter. On x86-64 with GCC the code is compiled for three processor levels
   (AVX-512, AVX2 + FMA, baseline) and every call takes the best that runs, so a wheel is both
   portable and fast. Compilers without vector types get the same code with vectors of one number.

*Bad numbers.* Each input is multiplied by 0 and summed: the sum is NaN if any was NaN or infinite.
That costs one instruction a vector; only then Python looks for the culprit.

*Threads.* Rows are cut into at most N_SEGMENTS segments, by the number of rows alone. A thread
works on a range of segments with the GIL released, each segment writes a partial value, and the
partial values are added in order of the segments. So the result does not depend on the number of
threads. The threads live in `_threads.py`.

Read next: `_regret_kernel.h` (levels), `_regret_precisions.h` (constants of both precisions),
`_regret_vector_impl.h` (vectors, exp, log, transposition), `_regret_kernel_impl.h` (the losses).
"""

from libc.stddef cimport ptrdiff_t

cdef extern from "_regret_kernel.h" nogil:
    const int SKROUTE_NOT_FINITE
    int policy_loss_float(
        const float *logits, const float *utility, const float *cost, const double *sensitivity,
        ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step,
        double gradient_scale, float *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate,
        double *value)
    int policy_loss_double(
        const double *logits, const double *utility, const double *cost, const double *sensitivity,
        ptrdiff_t sensitivity_step, const double *weight, ptrdiff_t weight_step,
        double gradient_scale, double *gradient, ptrdiff_t n_rows, ptrdiff_t K, int surrogate,
        double *value)

ctypedef fused real:
    float
    double

cdef enum:
    N_SEGMENTS_ = 64
    SEGMENT_ROWS = 256

N_SEGMENTS = N_SEGMENTS_


cdef ptrdiff_t rows_per_segment(ptrdiff_t n_rows) noexcept nogil:
    """Rows of a segment: whole blocks, and at most N_SEGMENTS segments."""
    cdef ptrdiff_t n_blocks = (n_rows + SEGMENT_ROWS - 1) // SEGMENT_ROWS
    return SEGMENT_ROWS * ((n_blocks + N_SEGMENTS_ - 1) // N_SEGMENTS_)


def count_segments(ptrdiff_t n_rows):
    """Number of segments that `n_rows` rows are cut into."""
    cdef ptrdiff_t size = rows_per_segment(n_rows)
    return (n_rows + size - 1) // size if n_rows else 0


def run_segments(
    const real[:, ::1] logits,
    const real[:, ::1] utility,
    const real[:, ::1] cost,
    const double[::1] sensitivity,
    const double[::1] weight,
    double total_weight,
    real[:, ::1] gradient,
    bint surrogate,
    ptrdiff_t first_segment,
    ptrdiff_t last_segment,
    double[::1] partial,
):
    """Write the gradient and the partial values of some segments; False for a number not finite.

    `cost` may be None. `sensitivity` and `weight` have one number, or one for each row.
    """
    cdef:
        ptrdiff_t n_rows = logits.shape[0], K = logits.shape[1]
        ptrdiff_t size = rows_per_segment(n_rows)
        ptrdiff_t segment, first, n_segment
        ptrdiff_t weight_step = 1 if weight.shape[0] != 1 else 0
        ptrdiff_t sensitivity_step = 0
        const double *row_sensitivity = NULL
        const real *row_cost = NULL
        bint affine = cost is not None
        double scale = 1.0 / total_weight
        int status = 0

    if affine and sensitivity.shape[0] != 1:
        sensitivity_step = 1
    with nogil:
        for segment in range(first_segment, last_segment):
            first = segment * size
            n_segment = min(size, n_rows - first)
            partial[segment] = 0.0
            if affine:
                row_cost = &cost[first, 0]
                row_sensitivity = &sensitivity[first * sensitivity_step]
            if real is float:
                status |= policy_loss_float(
                    &logits[first, 0], &utility[first, 0], row_cost, row_sensitivity,
                    sensitivity_step, &weight[first * weight_step], weight_step, scale,
                    &gradient[first, 0], n_segment, K, surrogate, &partial[segment])
            else:
                status |= policy_loss_double(
                    &logits[first, 0], &utility[first, 0], row_cost, row_sensitivity,
                    sensitivity_step, &weight[first * weight_step], weight_step, scale,
                    &gradient[first, 0], n_segment, K, surrogate, &partial[segment])
    return status == 0
