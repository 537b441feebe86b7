# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Value and gradient of the policy losses over rows of logits, in one pass.

Design note
-----------
For a row with logits x (K,), utilities u (K,) and weight w let p = softmax(x), d = max(u) - u.

    softmax regret          L = sum_k p_k d_k               dL/dx_k = p_k (d_k - L)
    classification          L = s (log sum_j exp(x_j) - mean of x over the n best models)
                            dL/dx_k = s (p_k - 1[k best] / n),    s = max(u) - min(u)

The value is the sum of w L over rows, over the sum of w; the gradient carries w over the same sum.
In the affine case u = quality - lambda * cost is formed on the way, each row with a lambda of its
own: there is never a table for each lambda.

*Blocks.* Tables are (n, K) with a few models K, too short for a vector of 4 to 16 numbers along a
row. So ROWS rows at a time are copied to a buffer (K, ROWS), column by column, where rows lie side
by side and all that a loss needs along a row, maximum and sums over k, runs over rows instead. The
inner loops have a constant number of turns and no rest, so that every compiler turns them into
vectors by itself; sums are added in the same order by all of them. Rows that the last block lacks
are zeros. The gradient is copied back. The buffer stays in the processor's nearest cache; each
table is read from memory once.

*exp* is a polynomial: a library's is a call for each number. Nothing here needs -ffast-math, which
would change how the whole process rounds and would break the test for bad numbers. There must be
no branch in an inner loop, not even one that a conditional expression may become.

*Processors.* Where the platform allows (FOR_EACH_PROCESSOR in `_losses.h`), functions with such
loops exist for AVX-512, AVX2 and any x86-64, and the loader picks one. Results may differ between
processors in the last digit.

*Bad numbers.* Each input times 0 is summed up: NaN if any was NaN or infinite. Only then does the
caller look for the culprit. An overflow shows in the value.

`_losses.h` holds exp, the losses and the walk over blocks; `_surrogates.py` the functions that
users call, with all checks of arguments. A new loss: a function of a block and a line in the list of
`_losses.h`, a public function and a line in the list of `_surrogates.py`.
"""

from libc.stddef cimport ptrdiff_t
from libc.stdlib cimport free, malloc

cdef extern from *:
    """
    #define REAL float
    #define BITS uint32_t
    #include "_losses.h"
    #undef REAL
    #undef BITS
    #define REAL double
    #define BITS uint64_t
    #include "_losses.h"
    #undef REAL
    #undef BITS
    """
    enum: ROWS
    double mean_loss_float(
        const char *name, const float *logits, const float *utility, const float *cost,
        const double *sensitivity, ptrdiff_t sensitivity_step, const double *weight,
        ptrdiff_t weight_step, double total_weight, float *gradient, ptrdiff_t n_rows,
        ptrdiff_t K, float *buffer) nogil
    double mean_loss_double(
        const char *name, const double *logits, const double *utility, const double *cost,
        const double *sensitivity, ptrdiff_t sensitivity_step, const double *weight,
        ptrdiff_t weight_step, double total_weight, double *gradient, ptrdiff_t n_rows,
        ptrdiff_t K, double *buffer) nogil

ctypedef fused real:
    float
    double


def mean_loss(
    bytes name,
    const real[:, ::1] logits,
    const real[:, ::1] utility,
    const real[:, ::1] cost,
    const double[::1] sensitivity,
    const double[::1] weight,
    double total_weight,
    real[:, ::1] gradient,
):
    """Write the gradient and return the value, NaN if an input is not finite.

    Tables are (n, K) with n and K at least 1. `cost` and `sensitivity` may both be None.
    `sensitivity` and `weight` have one number, or one for each row. The gradient may be the logits
    themselves, else it must not overlap an input.
    """
    cdef:
        const char *loss = name
        const real *costs = NULL
        const double *sensitivities = NULL
        ptrdiff_t n_rows = logits.shape[0], K = logits.shape[1]
        ptrdiff_t weight_step = weight.shape[0] != 1, sensitivity_step = 0
        size_t n_blocks = 2 if cost is None else 3
        real *buffer = <real *>malloc(n_blocks * ROWS * K * sizeof(real))
        double value
    if buffer == NULL:
        raise MemoryError
    if cost is not None:
        costs, sensitivities = &cost[0, 0], &sensitivity[0]
        sensitivity_step = sensitivity.shape[0] != 1
    with nogil:
        if real is float:
            value = mean_loss_float(
                loss, &logits[0, 0], &utility[0, 0], costs, sensitivities, sensitivity_step,
                &weight[0], weight_step, total_weight, &gradient[0, 0], n_rows, K, buffer)
        else:
            value = mean_loss_double(
                loss, &logits[0, 0], &utility[0, 0], costs, sensitivities, sensitivity_step,
                &weight[0], weight_step, total_weight, &gradient[0, 0], n_rows, K, buffer)
        free(buffer)
    return value
