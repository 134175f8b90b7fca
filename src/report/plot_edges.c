/* Edges of a photo by a convolution: our Conv2D with the weights of Prewitt's two filters. */
#include "base/memory.h"
#include "base/status.h"
#include <capas/plot.h>
#include <math.h>

enum { SIDE = 3, FILTERS = 2 };

/* [row][column][filter]: from left to right for vertical edges, from top to bottom for horizontal
 * ones. */
static const float weights[SIDE][SIDE][FILTERS] = {
    {{-1, -1}, {0, -1}, {1, -1}}, {{-1, 0}, {0, 0}, {1, 0}}, {{-1, 1}, {0, 1}, {1, 1}}};

static const char *const captions[] = {"photo in gray", "vertical edges", "horizontal edges"};

/* The luminance of ITU-R 601, as everywhere. */
static void make_gray(const capas_picture *photo, uint8_t *gray)
{
    int64_t count = (int64_t)photo->height * photo->width;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *from = photo->pixels + i * photo->channels;
        gray[i] = photo->channels == 1
                      ? from[0]
                      : (uint8_t)lround(0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2]);
    }
}

/* The size of each answer, as ink on paper. */
static void make_edges(const float *answers, int64_t count, int filter, uint8_t *edges)
{
    for (int64_t i = 0; i < count; i++)
        edges[i] = (uint8_t)(255 - fmin(fabs((double)answers[i * FILTERS + filter]), 255));
}

static capas_status convolve(const capas_picture *gray, float *answers)
{
    capas_model *model = capas_sequential(capas_input(gray->height, gray->width, 1),
                                          capas_conv2d(FILTERS, SIDE, .use_bias = CAPAS_FALSE));
    capas_tensor in = {.element = CAPAS_UINT8, .data = gray->pixels};
    capas_tensor out = {.element = CAPAS_FLOAT32, .data = answers};
    capas_status status =
        model ? capas_model_set_weight(model, 0, &weights[0][0][0]) : capas_error_status();
    if (status == CAPAS_OK) status = capas_predict_tensors(model, &in, &out, 1);
    capas_model_free(model);
    return status;
}

static capas_status plot(const char *path, const capas_picture *photo, uint8_t *pixels,
                         float *answers, const capas_plot_options *given)
{
    int height = photo->height - SIDE + 1, width = photo->width - SIDE + 1;
    int64_t all = (int64_t)photo->height * photo->width, inner = (int64_t)height * width;
    const capas_picture pictures[] = {
        {photo->height, photo->width, 1, pixels},
        {height, width, 1, pixels + all},
        {height, width, 1, pixels + all + inner},
    };
    make_gray(photo, pixels);
    CAPAS_TRY(convolve(&pictures[0], answers));
    make_edges(answers, inner, 0, pictures[1].pixels);
    make_edges(answers, inner, 1, pictures[2].pixels);
    return capas_plot_images_with(path, pictures, captions, 3, given);
}

capas_status capas_plot_edges_with(const char *path, const capas_picture *photo,
                                   const capas_plot_options *given)
{
    enum { LARGEST_SIDE = 8192 };
    if (!photo || !photo->pixels || photo->height < SIDE || photo->width < SIDE ||
        photo->height > LARGEST_SIDE || photo->width > LARGEST_SIDE ||
        (photo->channels != 1 && photo->channels != 3))
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "plot: edges need a photo of %d to %d pixels a side with 1 or 3 channels, "
            "found %d x %d x %d",
            SIDE, LARGEST_SIDE, photo ? photo->height : 0, photo ? photo->width : 0,
            photo ? photo->channels : 0);
    size_t count = (size_t)photo->height * (size_t)photo->width;
    uint8_t *pixels = capas_allocate(count, 3);
    float *answers = capas_allocate(count, FILTERS * sizeof *answers);
    capas_status status =
        pixels && answers ? plot(path, photo, pixels, answers, given) : CAPAS_NO_MEMORY;
    capas_release(pixels);
    capas_release(answers);
    return status;
}
