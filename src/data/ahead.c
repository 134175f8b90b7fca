/* The ring and its threads; see ahead.h. */
#include "data/ahead.h"
#include "base/float_mode.h"
#include "base/memory.h"
#include "base/system.h"
#include <capas/runtime.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 16 };

typedef struct place {
    bool ready;
    capas_status status;
    capas_kept_error error;
} place;

struct capas_ahead {
    capas_ahead_function *make;
    const void *context;
    size_t size;
    int64_t room;
    char *memory;  /* room x size */
    place *places; /* room */
    pid_t process; /* whose threads they are */
    pthread_t threads[MOST_THREADS];
    int thread_count;
    bool started;
    pthread_mutex_t lock; /* guards what follows, and the places */
    pthread_cond_t work, done;
    int64_t to_make, to_take, end;
    int busy; /* threads that are making */
    bool ends;
};

static void init_locks(capas_ahead *ahead)
{
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->work, NULL);
    pthread_cond_init(&ahead->done, NULL);
    ahead->process = getpid();
}

capas_ahead *capas_ahead_new(capas_ahead_function *make, const void *context, size_t size,
                             int64_t room)
{
    capas_ahead *ahead = capas_allocate_zeroed(1, sizeof *ahead);
    if (!ahead) return NULL;
    ahead->make = make;
    ahead->context = context;
    ahead->size = size;
    ahead->room = room;
    ahead->memory = capas_allocate((size_t)room, size);
    ahead->places = capas_allocate_zeroed((size_t)room, sizeof *ahead->places);
    if (ahead->memory && ahead->places) {
        init_locks(ahead);
        return ahead;
    }
    capas_release(ahead->memory);
    capas_release(ahead->places);
    capas_release(ahead);
    return NULL;
}

/* A child of fork has none of the threads, and finds the locks as they happened to be. */
static void check_process(capas_ahead *ahead)
{
    if (ahead->process == getpid()) return;
    init_locks(ahead);
    ahead->thread_count = 0;
    ahead->busy = 0;
    ahead->to_make = ahead->to_take;
}

static bool can_make(const capas_ahead *ahead)
{
    return ahead->to_make < ahead->end && ahead->to_make < ahead->to_take + ahead->room;
}

static capas_status make(const capas_ahead *ahead, int64_t number, void *to)
{
    const capas_float_mode before = capas_float_mode_enter();
    const capas_status status = ahead->make(ahead->context, number, to);
    capas_float_mode_leave(before);
    return status;
}

/* Called and left with the lock held. */
static void make_one(capas_ahead *ahead)
{
    const int64_t number = ahead->to_make++;
    place *place = &ahead->places[number % ahead->room];
    ahead->busy++;
    pthread_mutex_unlock(&ahead->lock);
    place->status =
        make(ahead, number, ahead->memory + (size_t)(number % ahead->room) * ahead->size);
    if (place->status != CAPAS_OK) capas_error_keep(&place->error);
    pthread_mutex_lock(&ahead->lock);
    place->ready = true;
    ahead->busy--;
    pthread_cond_broadcast(&ahead->done);
}

static void *run_thread(void *context)
{
    capas_ahead *ahead = context;
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->ends)
        if (can_make(ahead))
            make_one(ahead);
        else
            pthread_cond_wait(&ahead->work, &ahead->lock);
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Signals are the caller's threads' matter. */
static void start_threads(capas_ahead *ahead)
{
    sigset_t all, before;
    const int wanted = capas_threads() < MOST_THREADS ? capas_threads() : MOST_THREADS;
    ahead->started = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ahead->thread_count < wanted &&
           capas_system.create_thread(&ahead->threads[ahead->thread_count], run_thread, ahead) == 0)
        ahead->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void capas_ahead_rest(capas_ahead *ahead)
{
    if (!ahead) return;
    check_process(ahead);
    pthread_mutex_lock(&ahead->lock);
    ahead->end = ahead->to_make;
    while (ahead->busy > 0)
        pthread_cond_wait(&ahead->done, &ahead->lock);
    pthread_mutex_unlock(&ahead->lock);
}

void capas_ahead_begin(capas_ahead *ahead, int64_t first, int64_t end)
{
    capas_ahead_rest(ahead);
    pthread_mutex_lock(&ahead->lock);
    for (int64_t i = 0; i < ahead->room; i++)
        ahead->places[i].ready = false;
    ahead->to_make = ahead->to_take = first;
    ahead->end = end;
    pthread_cond_broadcast(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    if (!ahead->started) start_threads(ahead);
}

capas_status capas_ahead_take(capas_ahead *ahead, void *to)
{
    check_process(ahead);
    if (ahead->thread_count == 0) {
        ahead->to_make++;
        return make(ahead, ahead->to_take++, to);
    }
    const size_t at = (size_t)(ahead->to_take % ahead->room);
    place *place = &ahead->places[at];
    pthread_mutex_lock(&ahead->lock);
    while (!place->ready)
        pthread_cond_wait(&ahead->done, &ahead->lock);
    pthread_mutex_unlock(&ahead->lock);
    /* Nobody else touches the place until it has been taken. */
    const capas_status status = place->status;
    if (status == CAPAS_OK)
        memcpy(to, ahead->memory + at * ahead->size, ahead->size);
    else
        capas_error_give_back(&place->error);
    pthread_mutex_lock(&ahead->lock);
    place->ready = false;
    ahead->to_take++;
    pthread_cond_signal(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    return status;
}

void capas_ahead_free(capas_ahead *ahead)
{
    if (!ahead) return;
    capas_ahead_rest(ahead);
    pthread_mutex_lock(&ahead->lock);
    ahead->ends = true;
    pthread_cond_broadcast(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    for (int i = 0; i < ahead->thread_count; i++)
        pthread_join(ahead->threads[i], NULL);
    pthread_cond_destroy(&ahead->work);
    pthread_cond_destroy(&ahead->done);
    pthread_mutex_destroy(&ahead->lock);
    capas_release(ahead->memory);
    capas_release(ahead->places);
    capas_release(ahead);
}
