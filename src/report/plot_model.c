/* Inside a network: the kernels of a convolution, and what a layer gives for a picture. */
#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"
#include "report/plot_maps.h"
#include <stdio.h>
#include <string.h>

enum {
    MOST_MAPS = 256,
    MOST_CHANNELS = 8,
    MOST_FILTERS = 16,
    TITLE = 200,
    CAPTION = 24,
    TEXT = 128
};

/* The named layer, or the first convolution. */
static capas_status find_layer(const capas_model *model, const char *name,
                               const capas_layer **layer)
{
    CAPAS_TRY(capas_model_check(model));
    *layer = name ? capas_model_layer(model, name) : NULL;
    if (name) return *layer ? CAPAS_OK : capas_model_fail_no_layer(model, name);
    for (int i = 0; i < model->layer_count; i++)
        if (strcmp(model->layers[i]->type->name, "Conv2D") == 0) {
            *layer = model->layers[i];
            return CAPAS_OK;
        }
    return capas_fail(CAPAS_UNKNOWN_NAME, "plot: model %s has no Conv2D layer; name another layer",
                      capas_model_name(model));
}

/* Kernels. */

static capas_status fail_no_kernels(const capas_model *model, const capas_layer *layer)
{
    char all[400] = "";
    size_t used = 0;
    for (int i = 0; i < model->layer_count; i++)
        if (strcmp(model->layers[i]->type->name, "Conv2D") == 0 && used < sizeof all - 80)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%.60s", used > 0 ? ", " : "",
                                     model->layers[i]->name);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "plot: layer %s is a %s and has no kernels to draw; Conv2D layers have: %s",
                      layer->name, layer->type->name, used > 0 ? all : "this model has none");
}

static int find_kernel(const capas_model *model, const capas_layer *layer)
{
    for (int w = 0; w < model->weight_count; w++)
        if (model->weights[w].layer == layer &&
            strcmp(model->weights[w].weight->name, "kernel") == 0 &&
            model->weights[w].weight->shape.rank == 4)
            return w;
    return -1;
}

/* Maps of one size in memory of their own, which follows them; captions too. */
typedef struct map_set {
    capas_plot_map *maps;
    float *values;
    char (*captions)[CAPTION];
    int count, height, width;
} map_set;

static void free_maps(map_set *set)
{
    capas_release(set->maps);
    capas_release(set->values);
    capas_release(set->captions);
}

static capas_status make_maps(map_set *set, int count, int64_t height, int64_t width)
{
    *set = (map_set){.count = count, .height = (int)height, .width = (int)width};
    size_t size = (size_t)(height * width);
    set->maps = capas_allocate_zeroed((size_t)count, sizeof *set->maps);
    set->values = capas_allocate((size_t)count * size, sizeof *set->values);
    set->captions = capas_allocate_zeroed((size_t)count, sizeof *set->captions);
    if (!set->maps || !set->values || !set->captions) {
        free_maps(set);
        return CAPAS_NO_MEMORY;
    }
    for (int m = 0; m < count; m++)
        set->maps[m] = (capas_plot_map){set->values + (size_t)m * size, set->height, set->width,
                                        set->captions[m]};
    return CAPAS_OK;
}

/* One map from numbers that lie `step` apart, row after row. */
static void fill_map(map_set *set, int map, const float *from, int64_t step)
{
    float *to = set->values + (int64_t)map * set->height * set->width;
    for (int64_t i = 0; i < (int64_t)set->height * set->width; i++)
        to[i] = from[i * step];
}

/* kernel [height, width, channels, filters]: a row of maps for each channel, but with one channel
 * an even grid. */
static capas_status draw_kernels(const char *path, const capas_layer *layer,
                                 const capas_shape *shape, const float *kernel,
                                 const capas_plot_options *given)
{
    int64_t channels = shape->dims[2], filters = shape->dims[3];
    int rows = channels < MOST_CHANNELS ? (int)channels : MOST_CHANNELS;
    int most = channels == 1 ? MOST_MAPS : MOST_FILTERS,
        columns = filters < most ? (int)filters : most;
    char title[TITLE];
    int length = snprintf(title, sizeof title, "%s: %lld kernels of %lld \u00d7 %lld", layer->name,
                          (long long)filters, (long long)shape->dims[0], (long long)shape->dims[1]);
    if (channels > 1)
        snprintf(title + length, sizeof title - (size_t)length,
                 " over %lld channels (rows 0 to %d, columns 0 to %d)", (long long)channels,
                 rows - 1, columns - 1);
    map_set set;
    CAPAS_TRY(make_maps(&set, rows * columns, shape->dims[0], shape->dims[1]));
    for (int c = 0; c < rows; c++)
        for (int f = 0; f < columns; f++) {
            fill_map(&set, c * columns + f, kernel + c * filters + f, channels * filters);
            if (channels == 1) snprintf(set.captions[f], CAPTION, "%d", f);
        }
    capas_plot_options options = given && given->struct_size == sizeof options
                                     ? *given
                                     : (capas_plot_options){.struct_size = sizeof options};
    if (channels > 1) options.columns = columns;
    capas_status status = capas_plot_maps_titled(path, set.maps, set.count, title, &options);
    free_maps(&set);
    return status;
}

capas_status capas_plot_filters_with(const char *path, const capas_model *model, const char *name,
                                     const capas_plot_options *given)
{
    const capas_layer *layer;
    CAPAS_TRY(find_layer(model, name, &layer));
    int weight = find_kernel(model, layer);
    if (weight < 0) return fail_no_kernels(model, layer);
    const capas_shape *shape = &model->weights[weight].weight->shape;
    float *kernel = capas_allocate((size_t)capas_shape_count(shape, 0), sizeof *kernel);
    if (!kernel) return CAPAS_NO_MEMORY;
    capas_status status = capas_model_get_weight(model, weight, kernel);
    if (status == CAPAS_OK) status = draw_kernels(path, layer, shape, kernel, given);
    capas_release(kernel);
    return status;
}

/* Features. */

static capas_status check_shapes(const capas_model *part, const char *layer,
                                 const capas_picture *picture, capas_shape *given)
{
    capas_shape taken;
    char text[TEXT];
    CAPAS_TRY(capas_model_input_shape(part, 0, &taken));
    CAPAS_TRY(capas_model_output_shape(part, 0, given));
    if (capas_model_input_count(part) != 1 || (taken.rank != 3 && taken.rank != 4))
        return capas_fail(
            CAPAS_UNSUPPORTED, "plot: the model must take one picture; it takes %d x %s",
            capas_model_input_count(part), capas_shape_text(&taken, text, sizeof text));
    int64_t channels = taken.rank == 4 ? taken.dims[3] : 1;
    if (!picture || !picture->pixels || picture->height != taken.dims[1] ||
        picture->width != taken.dims[2] || picture->channels != channels)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "plot: the picture must be as the model's input, %lld x %lld with %lld "
                          "channels; it is %d x %d with %d",
                          (long long)taken.dims[1], (long long)taken.dims[2], (long long)channels,
                          picture ? picture->height : 0, picture ? picture->width : 0,
                          picture ? picture->channels : 0);
    if (given->rank != 4)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "plot: layer %s gives no images but %s; take a Conv2D or a pooling layer",
                          layer, capas_shape_text(given, text, sizeof text));
    return CAPAS_OK;
}

static capas_status draw_features(const char *path, const char *layer, const capas_shape *shape,
                                  const float *features, const capas_plot_options *given)
{
    int64_t channels = shape->dims[3];
    char title[TITLE];
    snprintf(title, sizeof title, "%s: what its %lld channels give, %lld \u00d7 %lld each", layer,
             (long long)channels, (long long)shape->dims[1], (long long)shape->dims[2]);
    map_set set;
    CAPAS_TRY(make_maps(&set, channels < MOST_MAPS ? (int)channels : MOST_MAPS, shape->dims[1],
                        shape->dims[2]));
    for (int c = 0; c < set.count; c++) {
        fill_map(&set, c, features + c, channels);
        snprintf(set.captions[c], CAPTION, "%d", c);
    }
    capas_status status = capas_plot_maps_titled(path, set.maps, set.count, title, given);
    free_maps(&set);
    return status;
}

capas_status capas_plot_features_with(const char *path, capas_model *model, const char *name,
                                      const capas_picture *picture, const capas_plot_options *given)
{
    const capas_layer *layer;
    capas_shape shape;
    CAPAS_TRY(find_layer(model, name, &layer));
    capas_model *part = capas_model_until(model, layer->name);
    if (!part) return capas_error_status();
    float *features = NULL;
    capas_status status = check_shapes(part, layer->name, picture, &shape);
    if (status == CAPAS_OK) {
        features = capas_allocate((size_t)capas_shape_count(&shape, 1), sizeof *features);
        if (!features) status = CAPAS_NO_MEMORY;
    }
    if (status == CAPAS_OK) {
        capas_tensor in = {.element = CAPAS_UINT8, .data = picture->pixels};
        capas_tensor out = {.element = CAPAS_FLOAT32, .data = features};
        status = capas_predict_tensors(part, &in, &out, 1);
    }
    if (status == CAPAS_OK) status = draw_features(path, layer->name, &shape, features, given);
    capas_release(features);
    capas_model_free(part);
    return status;
}
