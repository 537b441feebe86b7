/* Threads that help with one call and then wait for the next.

   To wake a sleeping thread takes some 0.1 ms, as long as many a call.  So a caller calls its
   helpers first, prepares the work while they wake up, and gives it to them then:

       call_helper   RESTING -> CALLED     the thread wakes, and looks out for work for a while
       give_work     CALLED  -> GIVEN      (RESTING -> GIVEN, and wakes it, if it gave up waiting)
       the thread    GIVEN   -> WORKING    does the work, then releases `done`
       end_help      WORKING -> RESTING    once `done` is released
                     GIVEN   -> RESTING    it did not wake up in time: the caller did all of it
                     CALLED  -> RESTING    there was no work after all

   Every change of state is a compare-and-swap, so each of them happens on one side only.  The
   threads never hold the GIL and never touch a Python object. */

#ifndef SKROUTE_HELPER_THREADS_H
#define SKROUTE_HELPER_THREADS_H

#include <Python.h>

#if defined(_MSC_VER)
#include <intrin.h>
#define SKROUTE_SWAP(number, from, to) \
    (_InterlockedCompareExchange(number, to, from) == (from))
#define SKROUTE_NEXT(number) _InterlockedExchangeAdd(number, 1)
#define SKROUTE_READ(number) (*(number))
#if defined(_M_X64) || defined(_M_IX86)
#define SKROUTE_PAUSE() _mm_pause()
#else
#define SKROUTE_PAUSE() __yield()
#endif
#else
#define SKROUTE_SWAP(number, from, to) __sync_bool_compare_and_swap(number, from, to)
#define SKROUTE_NEXT(number) __sync_fetch_and_add(number, 1)
#define SKROUTE_READ(number) __atomic_load_n(number, __ATOMIC_ACQUIRE)
#if defined(__x86_64__) || defined(__i386__)
#define SKROUTE_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define SKROUTE_PAUSE() __asm__ volatile("yield")
#else
#define SKROUTE_PAUSE() ((void)0)
#endif
#endif

/* How often to look before going to sleep: about 0.1 ms, what waking up would cost. */
#define SKROUTE_PATIENCE 4000

enum { RESTING, CALLED, GIVEN, WORKING };

typedef struct {
    PyThread_type_lock wake, done;
    volatile long state;
    void (*work)(void *);
    void *job;
} helper_thread;

static void help_forever(void *self)
{
    helper_thread *helper = (helper_thread *)self;
    for (;;) {
        int look = 0;
        PyThread_acquire_lock(helper->wake, WAIT_LOCK);
        while (SKROUTE_READ(&helper->state) == CALLED && look++ < SKROUTE_PATIENCE)
            SKROUTE_PAUSE();
        if (SKROUTE_SWAP(&helper->state, GIVEN, WORKING)) {
            helper->work(helper->job);
            PyThread_release_lock(helper->done);
        } else {
            /* Work given at this very moment stays with the caller. */
            (void)SKROUTE_SWAP(&helper->state, CALLED, RESTING);
        }
    }
}

static void wake_helper(helper_thread *helper)
{
    /* A helper that was called in vain may not even have noticed: one wake is enough. */
    (void)PyThread_acquire_lock(helper->wake, NOWAIT_LOCK);
    PyThread_release_lock(helper->wake);
}

/* Start a thread; NULL if the system has no more.  Helpers live as long as the process. */
static helper_thread *new_helper(void)
{
    helper_thread *helper = (helper_thread *)PyMem_RawCalloc(1, sizeof *helper);
    if (helper == NULL)
        return NULL;
    helper->wake = PyThread_allocate_lock();
    helper->done = PyThread_allocate_lock();
    if (helper->wake != NULL && helper->done != NULL) {
        (void)PyThread_acquire_lock(helper->wake, NOWAIT_LOCK);
        (void)PyThread_acquire_lock(helper->done, NOWAIT_LOCK);
        if (PyThread_start_new_thread(help_forever, helper) != PYTHREAD_INVALID_THREAD_ID)
            return helper;
    }
    if (helper->wake != NULL)
        PyThread_free_lock(helper->wake);
    if (helper->done != NULL)
        PyThread_free_lock(helper->done);
    PyMem_RawFree(helper);
    return NULL;
}

static void call_helper(helper_thread *helper)
{
    (void)SKROUTE_SWAP(&helper->state, RESTING, CALLED);
    wake_helper(helper);
}

static void give_work(helper_thread *helper, void (*work)(void *), void *job)
{
    helper->work = work;
    helper->job = job;
    if (!SKROUTE_SWAP(&helper->state, CALLED, GIVEN)) {
        (void)SKROUTE_SWAP(&helper->state, RESTING, GIVEN);
        wake_helper(helper);
    }
}

/* Take the work back or wait for its end.  Afterwards the helper does not use the job any more. */
static void end_help(helper_thread *helper)
{
    int look = 0;
    if (SKROUTE_SWAP(&helper->state, CALLED, RESTING)
        || SKROUTE_SWAP(&helper->state, GIVEN, RESTING)
        || SKROUTE_READ(&helper->state) == RESTING)
        return;
    while (!PyThread_acquire_lock(helper->done, NOWAIT_LOCK))
        if (look++ < SKROUTE_PATIENCE)
            SKROUTE_PAUSE();
        else {
            (void)PyThread_acquire_lock(helper->done, WAIT_LOCK);
            break;
        }
    (void)SKROUTE_SWAP(&helper->state, WORKING, RESTING);
}

#endif
