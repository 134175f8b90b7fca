/* How time and memory grow: training steps and predictions of small networks against one size at a
 * time.
 *
 *     scaling [--seconds S] [--json FILE] [--processor-time] [batch|width|filters|depth|image]...
 *
 * All sweeps when none is named, for 1 second each point. With --processor-time one thread computes
 * and its time on the processor counts, so that other work on the machine hardly matters.
 *
 * Every point is measured in a process of its own, so that its peak of memory is its own; it
 * prints the time of the fastest step and prediction (others on the machine can only slow one
 * down), that for one sample, GFLOP/s of training (every multiplication counted), and the peak of
 * memory. A step up where time or memory grew by more than a quarter beyond the multiplications is
 * marked with *. bench/scaling.py draws the JSON. */
#include "job.h"
#include "timing.h"

#include "model/plan.h"
#include <capas/capas.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct sweep {
    const char *name, *what;
    int first, last; /* doubled from point to point */
    capas_model *(*network)(int value);
    int batch; /* 0: the value itself */
} sweep;

typedef struct point {
    int value, batch;
    double train, predict; /* seconds of a call */
    double training_flops; /* of a step */
    double forward_flops;  /* of a prediction */
    double megabytes;      /* at the peak */
    char failure[200];     /* empty: none */
} point;

typedef struct settings {
    double seconds;
    timing_clock *clock;
    const char *json;
} settings;

enum { CLASSES = 10, MOST_POINTS = 16 };

static capas_model *batch_network(int value)
{
    (void)value;
    return capas_sequential(capas_input(28, 28, 1), capas_conv2d(32, 3, .activation = CAPAS_RELU),
                            capas_max_pooling2d(2), capas_flatten(),
                            capas_dense(100, .activation = CAPAS_RELU),
                            capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
}

static capas_model *width_network(int units)
{
    return capas_sequential(capas_input(784), capas_dense(units, .activation = CAPAS_RELU),
                            capas_dense(units, .activation = CAPAS_RELU),
                            capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
}

static capas_model *filters_network(int filters)
{
    return capas_sequential(
        capas_input(28, 28, 1),
        capas_conv2d(filters, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU),
        capas_conv2d(filters, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU),
        capas_max_pooling2d(2), capas_global_average_pooling2d(),
        capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
}

static capas_model *depth_network(int depth)
{
    capas_layer *layers[128] = {capas_input(28, 28, 16)};
    int count = 1;
    while (count <= depth)
        layers[count++] = capas_conv2d(16, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU);
    layers[count++] = capas_global_average_pooling2d();
    layers[count++] = capas_dense(CLASSES, .activation = CAPAS_SOFTMAX);
    return capas_sequential_of(layers, count);
}

static capas_model *image_network(int size)
{
    return capas_sequential(capas_input(size, size, 3),
                            capas_conv2d(16, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU),
                            capas_max_pooling2d(2),
                            capas_conv2d(32, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU),
                            capas_max_pooling2d(2), capas_global_average_pooling2d(),
                            capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
}

static const sweep sweeps[] = {
    {"batch", "batch: conv32, pool, dense100 on 28x28", 1, 1024, batch_network, 0},
    {"width", "width: units of two dense layers, batch 32", 64, 4096, width_network, 32},
    {"filters", "filters: two 3x3 convolutions on 28x28, batch 8", 8, 512, filters_network, 8},
    {"depth", "depth: 3x3 convolutions of 16 filters on 28x28, batch 8", 1, 64, depth_network, 8},
    {"image", "height and width of images: conv16, pool, conv32, pool, batch 2", 16, 1024,
     image_network, 2},
};

enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

static capas_status make_data(job *job)
{
    CAPAS_TRY(capas_model_input_shape(job->model, 0, &job->input.shape));
    job->input.shape.dims[0] = job->batch;
    size_t count = 1;
    for (int i = 0; i < job->input.shape.rank; i++)
        count *= (size_t)job->input.shape.dims[i];
    float *values = malloc(count * sizeof *values);
    uint8_t *labels = malloc((size_t)job->batch);
    job->input.data = values;
    job->target = (capas_tensor){CAPAS_UINT8, capas_shape_of(1, (int)job->batch), labels};
    job->output = malloc((size_t)job->batch * CLASSES * sizeof *job->output);
    if (values == NULL || labels == NULL || job->output == NULL) return CAPAS_NO_MEMORY;
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 16777216.0f;
    }
    for (int64_t i = 0; i < job->batch; i++)
        labels[i] = (uint8_t)(i % CLASSES);
    return CAPAS_OK;
}

/* Training first: what prediction needs besides is little. */
static capas_status measure(const sweep *sweep, const settings *settings, point *point)
{
    job job = {.model = sweep->network(point->value), .batch = point->batch};
    CAPAS_TRY(capas_compile(job.model, .optimizer = capas_adam(),
                            .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY));
    CAPAS_TRY(make_data(&job));
    for (int i = 0; i < job.model->layer_count; i++) {
        capas_layer_cost cost;
        CAPAS_TRY(capas_model_layer_cost(job.model, i, &cost));
        point->training_flops += cost.training_flops * point->batch;
        point->forward_flops += cost.forward_flops * point->batch;
    }
    timing timing;
    CAPAS_TRY(timing_of(train_step, &job, settings->seconds, settings->clock, &timing));
    point->train = timing.fastest;
    CAPAS_TRY(timing_of(predict_step, &job, settings->seconds, settings->clock, &timing));
    point->predict = timing.fastest;
    return CAPAS_OK;
}

/* In a process of its own, which ends without tidying up. */
static void measure_apart(const sweep *sweep, const settings *settings, point *point)
{
    int ends[2];
    fflush(NULL);
    pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child == 0) {
        if (measure(sweep, settings, point) != CAPAS_OK)
            snprintf(point->failure, sizeof point->failure, "%s", capas_error());
        _exit(write(ends[1], point, sizeof *point) == sizeof *point ? 0 : 1);
    }
    struct rusage usage;
    int state = 0;
    close(ends[1]);
    bool told = child > 0 && read(ends[0], point, sizeof *point) == sizeof *point;
    close(ends[0]);
    if (child > 0 && wait4(child, &state, 0, &usage) == child && told)
        point->megabytes = (double)usage.ru_maxrss / 1024;
    else
        snprintf(point->failure, sizeof point->failure, "the process ended early (status %d)",
                 state);
}

/* Whether something grew by more than a quarter beyond the multiplications; what is shorter than
 * `least` is not looked at: there, what every call costs counts. */
static bool beyond(double now, double before, double work, double least)
{
    return before > least && now / before > 1.25 * work;
}

static void print_point(const point *p, const point *before)
{
    if (*p->failure != '\0') {
        printf("%6d  %s\n", p->value, p->failure);
        return;
    }
    double train_work = before ? p->training_flops / before->training_flops : 0;
    double predict_work = before ? p->forward_flops / before->forward_flops : 0;
    bool slow = before && beyond(p->train, before->train, train_work, 20e-6);
    bool slow_predict = before && beyond(p->predict, before->predict, predict_work, 20e-6);
    bool large = before && beyond(p->megabytes, before->megabytes, train_work, 0);
    printf("%6d %12.3f%s %12.3f%s %12.2f %12.2f %10.1f %10.1f%s\n", p->value, p->train * 1e3,
           slow ? "*" : " ", p->predict * 1e3, slow_predict ? "*" : " ", p->train / p->batch * 1e6,
           p->predict / p->batch * 1e6, p->training_flops / p->train * 1e-9, p->megabytes,
           large ? "*" : " ");
    fflush(stdout);
}

static int run_sweep(const sweep *sweep, const settings *settings, point *points)
{
    int count = 0;
    printf("\n%s\n%6s %13s %13s %12s %12s %10s %11s\n", sweep->what, "", "train ms/step",
           "predict ms", "train us/1", "predict us/1", "GFLOP/s", "peak MB");
    for (int value = sweep->first; value <= sweep->last; value *= 2, count++) {
        points[count] = (point){.value = value, .batch = sweep->batch > 0 ? sweep->batch : value};
        measure_apart(sweep, settings, &points[count]);
        bool compares = count > 0 && *points[count - 1].failure == '\0';
        print_point(&points[count], compares ? &points[count - 1] : NULL);
    }
    return count;
}

static void write_sweep(FILE *file, const sweep *sweep, const point *points, int count, bool last)
{
    fprintf(file, " {\"name\": \"%s\", \"what\": \"%s\", \"points\": [\n", sweep->name,
            sweep->what);
    for (int i = 0; i < count; i++) {
        const point *p = &points[i];
        const char *comma = i + 1 < count ? "," : "";
        if (*p->failure != '\0')
            fprintf(file, "  {\"value\": %d, \"failed\": true}%s\n", p->value, comma);
        else
            fprintf(
                file,
                "  {\"value\": %d, \"batch\": %d, \"train_seconds\": %.6g, \"predict_seconds\": "
                "%.6g, "
                "\"training_flops\": %.9g, \"forward_flops\": %.9g, \"peak_megabytes\": %.1f}%s\n",
                p->value, p->batch, p->train, p->predict, p->training_flops, p->forward_flops,
                p->megabytes, comma);
    }
    fprintf(file, " ]}%s\n", last ? "" : ",");
}

static bool is_sweep(const char *name)
{
    for (int i = 0; i < SWEEPS; i++)
        if (strcmp(sweeps[i].name, name) == 0) return true;
    return false;
}

static bool asked(const sweep *sweep, char **names, int count)
{
    bool wanted = count == 0;
    for (int i = 0; i < count; i++)
        wanted |= strcmp(names[i], sweep->name) == 0;
    return wanted;
}

/* Reads the options, and gives back the number of the first argument that is none. */
static int read_options(int argc, char **argv, settings *settings)
{
    int next = 1;
    for (; next < argc && strncmp(argv[next], "--", 2) == 0; next++) {
        bool more = next + 1 < argc;
        if (strcmp(argv[next], "--processor-time") == 0)
            settings->clock = timing_processor_time;
        else if (strcmp(argv[next], "--seconds") == 0 && more)
            settings->seconds = atof(argv[++next]);
        else if (strcmp(argv[next], "--json") == 0 && more)
            settings->json = argv[++next];
        else
            return -1;
    }
    for (int i = next; i < argc; i++)
        if (!is_sweep(argv[i])) return -1;
    return settings->seconds > 0 ? next : -1;
}

int main(int argc, char **argv)
{
    settings settings = {.seconds = 1, .clock = capas_seconds};
    int first = read_options(argc, argv, &settings), last = -1, counts[SWEEPS] = {0};
    if (first < 0) {
        fprintf(stderr, "use: scaling [--seconds S] [--json FILE] [--processor-time] [SWEEP...]\n");
        return EXIT_FAILURE;
    }
    static point points[SWEEPS][MOST_POINTS];
    bool processor_time = settings.clock == timing_processor_time;
    if (processor_time) capas_set_threads(1);
    printf("%d thread%s, %s%s\n", capas_threads(), capas_threads() == 1 ? "" : "s",
           capas_kernel_set(), processor_time ? ", processor time" : "");
    for (int i = 0; i < SWEEPS; i++)
        if (asked(&sweeps[i], argv + first, argc - first)) {
            counts[i] = run_sweep(&sweeps[i], &settings, points[i]);
            last = i;
        }
    if (settings.json == NULL) return EXIT_SUCCESS;
    FILE *file = fopen(settings.json, "w");
    if (file == NULL) {
        perror(settings.json);
        return EXIT_FAILURE;
    }
    fprintf(file, "{\"threads\": %d, \"kernels\": \"%s\", \"processor_time\": %s, \"sweeps\": [\n",
            capas_threads(), capas_kernel_set(), processor_time ? "true" : "false");
    for (int i = 0; i < SWEEPS; i++)
        if (counts[i] > 0) write_sweep(file, &sweeps[i], points[i], counts[i], i == last);
    fprintf(file, "]}\n");
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
