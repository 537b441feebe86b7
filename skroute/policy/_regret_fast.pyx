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

1. Few columns (K < WIDE: 44 in float32, 28 in float64). A vector along a short row would be mostly
   idle and would end in slow horizontal sums. Instead rows ride side by side in the lanes of a
   vector; maximum, sum and exp over k are plain vertical operations, whatever K is. Tiles of
   (WIDTH rows, K) are transposed to (K, WIDTH lanes) in 4 x 4 squares, and the gradient back; they
   wait on the stack, a few KiB of the L1 cache.
2. Many columns. Transposing would cost more than it saves, so neighbours in a row share a vector,
   and sums end in a few shuffles for each row. A row is read from memory once; the second and
   third look at it find it in the L1 cache. The last vector overlaps the one before.
3. exp and log are polynomials, so that they need no library and no -ffast-math, which would change
   the rounding mode of the whole process.
4. Vectors are written as GNU C vector types. On x86-64 with GCC the code is compiled for three
   processor levels (AVX-512, AVX2 + FMA, baseline), with vectors as long as the registers of each,
   and every call takes the best that runs, so a wheel is both portable and fast. Compilers without
   vector types get the same code with vectors of one number.
5. Memory is asked for every line 3 KiB before it is needed. The processor's own guesses are good
   for some K and bad for others: without, 100 columns of float32 took as long as 100 of float64.

*Bad numbers.* Each input is multiplied by 0 and summed: the sum is NaN if any was NaN or infinite.
That costs one instruction a vector; only then Python looks for the culprit.

*Threads.* Rows are cut into at most N_SEGMENTS segments, by the number of rows alone. Threads take
one segment after the other with the GIL released, each segment writes a partial value, and the
partial values are added in order of the segments. So the result does not depend on the number of
threads. Helpers take as long to wake as the arguments take to check; so a call wakes them as soon
as it knows the number of rows. It waits for none that comes too late: a busy machine costs
speed-up, not time.

Read next: `_regret_kernel.h` (levels), `_regret_precisions.h` (constants of both precisions),
`_regret_vector_impl.h` (vectors, exp, log, transposition), `_regret_kernel_impl.h` (the losses),
`_helper_threads.h` (the threads).
"""

cimport cython
from libc.stddef cimport ptrdiff_t

import os

cdef extern from "_helper_threads.h" nogil:
    ctypedef struct helper_thread
    helper_thread *new_helper()
    void call_helper(helper_thread *helper)
    void give_work(helper_thread *helper, void (*work)(void *) noexcept nogil, void *job)
    void end_help(helper_thread *helper)
    long SKROUTE_NEXT(volatile long *number)

cdef extern from "_regret_kernel.h" nogil:
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


cpdef ptrdiff_t count_segments(ptrdiff_t n_rows):
    """Number of segments that `n_rows` rows are cut into."""
    cdef ptrdiff_t size = rows_per_segment(n_rows)
    return (n_rows + size - 1) // size if n_rows else 0


# What the threads of one call share. A step is 1, or 0 where all rows share one number.
cdef struct Job:
    const void *logits
    const void *utility
    const void *cost
    const double *sensitivity
    const double *weight
    void *gradient
    ptrdiff_t n_rows, K, segment_rows, sensitivity_step, weight_step
    long n_segments
    double scale
    bint is_float, surrogate
    volatile long n_joined
    long n_ranges
    long range_end[N_SEGMENTS_]
    volatile long next_segment[N_SEGMENTS_]
    double value[N_SEGMENTS_]
    int status[N_SEGMENTS_]


cdef void work(void *shared) noexcept nogil:
    """Work on the segments of one's own range, then on what is left of the others' ranges.

    Neighbouring segments in one thread: memory is asked for lines ahead, across their border.
    """
    cdef:
        Job *job = <Job *>shared
        long own = SKROUTE_NEXT(&job.n_joined), other, segment
    for other in range(job.n_ranges):
        other = (own + other) % job.n_ranges
        segment = SKROUTE_NEXT(&job.next_segment[other])
        while segment < job.range_end[other]:
            if job.is_float:
                job.status[segment] = segment_loss(job, segment, <const float *>job.logits)
            else:
                job.status[segment] = segment_loss(job, segment, <const double *>job.logits)
            segment = SKROUTE_NEXT(&job.next_segment[other])


cdef int segment_loss(Job *job, ptrdiff_t segment, const real *logits) noexcept nogil:
    cdef:
        ptrdiff_t first = segment * job.segment_rows
        ptrdiff_t n_rows = min(job.segment_rows, job.n_rows - first)
        ptrdiff_t start = first * job.K
        const real *utility = <const real *>job.utility + start
        const real *cost = NULL
        real *gradient = <real *>job.gradient + start
        const double *sensitivity = NULL
        const double *weight = job.weight + first * job.weight_step
        double *value = &job.value[segment]

    value[0] = 0.0
    if job.cost != NULL:
        cost = <const real *>job.cost + start
        sensitivity = job.sensitivity + first * job.sensitivity_step
    if real is float:
        return policy_loss_float(
            logits + start, utility, cost, sensitivity, job.sensitivity_step, weight,
            job.weight_step, job.scale, gradient, n_rows, job.K, job.surrogate, value)
    else:
        return policy_loss_double(
            logits + start, utility, cost, sensitivity, job.sensitivity_step, weight,
            job.weight_step, job.scale, gradient, n_rows, job.K, job.surrogate, value)


cdef int check_overlap(Job *job, size_t itemsize) except -1:
    cdef size_t size = job.n_rows * job.K * itemsize
    if (
        (job.gradient != job.logits and overlaps(job.gradient, size, job.logits, size))
        or overlaps(job.gradient, size, job.utility, size)
        or overlaps(job.gradient, size, job.cost, size)
        or overlaps(job.gradient, size, job.weight, per_row_size(job, job.weight_step))
        or overlaps(job.gradient, size, job.sensitivity, per_row_size(job, job.sensitivity_step))
    ):
        raise ValueError(
            "out overlaps an input; pass logits itself or an array with memory of its own"
        )
    return 0


cdef size_t per_row_size(Job *job, ptrdiff_t step) noexcept nogil:
    return sizeof(double) * (1 + step * (job.n_rows - 1))


cdef bint overlaps(const void *a, size_t a_size, const void *b, size_t b_size) noexcept nogil:
    return <size_t>a < <size_t>b + b_size and <size_t>b < <size_t>a + a_size


@cython.final
cdef class Helper:
    """A thread that lives as long as the process."""

    cdef helper_thread *thread

    def __cinit__(self):
        self.thread = new_helper()


# Helpers that no call is using. Threads do not survive a fork: the child starts its own.
cdef list idle = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=idle.clear)


@cython.final
cdef class Call:
    """One evaluation of a loss by `n_threads` threads or fewer, for `n_rows` rows.

    On entry the helpers are called, so that they wake while the arguments are still checked.
    """

    cdef list helpers

    def __cinit__(self, n_threads, ptrdiff_t n_rows):
        cdef Helper helper
        self.helpers = []
        for _ in range(min(n_threads, count_segments(n_rows)) - 1):
            try:
                helper = idle.pop()
            except IndexError:
                helper = Helper()
            if helper.thread == NULL:
                break  # the system has no more threads; the others do the work
            self.helpers.append(helper)

    def __enter__(self):
        cdef Helper helper
        for helper in self.helpers:
            call_helper(helper.thread)
        return self

    def __exit__(self, *_):
        cdef Helper helper
        for helper in self.helpers:
            end_help(helper.thread)
        idle.extend(self.helpers)

    def loss(
        self,
        const real[:, ::1] logits,
        const real[:, ::1] utility,
        const real[:, ::1] cost,
        const double[::1] sensitivity,
        const double[::1] weight,
        double total_weight,
        real[:, ::1] gradient,
        bint surrogate,
    ):
        """Write the gradient and return the value, or None if a number is not finite.

        `cost` may be None. `sensitivity` and `weight` have one number, or one for each row. The
        gradient may be the logits themselves, else it must not overlap an input.
        """
        cdef:
            Job job
            Helper helper
            ptrdiff_t segment
            long k
            double value = 0.0
            int status = 0

        job.logits, job.utility, job.gradient = &logits[0, 0], &utility[0, 0], &gradient[0, 0]
        job.n_rows, job.K = logits.shape[0], logits.shape[1]
        job.weight, job.weight_step = &weight[0], weight.shape[0] != 1
        job.cost = job.sensitivity = NULL
        job.sensitivity_step = 0
        if cost is not None:
            job.cost, job.sensitivity = &cost[0, 0], &sensitivity[0]
            job.sensitivity_step = sensitivity.shape[0] != 1
        check_overlap(&job, sizeof(real))
        job.scale = 1.0 / total_weight
        job.is_float, job.surrogate = real is float, surrogate
        job.segment_rows = rows_per_segment(job.n_rows)
        job.n_segments = count_segments(job.n_rows)
        job.n_joined = 0
        job.n_ranges = 1 + len(self.helpers)
        for k in range(job.n_ranges):
            job.next_segment[k] = k * job.n_segments // job.n_ranges
            job.range_end[k] = (k + 1) * job.n_segments // job.n_ranges
        for helper in self.helpers:
            give_work(helper.thread, work, &job)
        with nogil:
            work(&job)
        for helper in self.helpers:
            with nogil:
                end_help(helper.thread)
        for segment in range(job.n_segments):
            value += job.value[segment]
            status |= job.status[segment]
        return None if status else value / total_weight
