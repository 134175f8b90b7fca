/* What bytes mean to a model (capas/model.h): one scale for all, or one for each channel of
 * pictures in colour, as keras.applications' networks want them. */
#include "kernels/fill.h"
#include "model/model.h"
#include <capas/applications.h>
#include <math.h>
#include <string.h>

enum { CHANNELS = 3, LEVELS = 256 };

capas_preprocessing capas_preprocessing_unknown(void)
{
    return (capas_preprocessing){
        .scale = NAN, .offset = NAN, .minimum = NAN, .maximum = NAN, .mean = NAN, .deviation = NAN};
}

bool capas_preprocessing_tells_channels(const capas_preprocessing *preprocessing)
{
    return preprocessing->bgr != 0 || preprocessing->channel_deviation[0] > 0;
}

static const struct {
    const char *name;
    capas_preprocessing bytes;
} known[] = {
    {"caffe",
     {.scale = 1,
      .channel_mean = {103.939, 116.779, 123.68},
      .channel_deviation = {1, 1, 1},
      .bgr = 1}},
    {"tf", {.scale = 1 / 127.5, .offset = -1}},
    {"torch",
     {.scale = 1.0 / 255,
      .channel_mean = {0.485, 0.456, 0.406},
      .channel_deviation = {0.229, 0.224, 0.225}}},
    {"lite", {.scale = 1.0 / 128, .offset = -127.0 / 128}},
    {"none", {.scale = 1}},
};

capas_status capas_preprocessing_by_name(const char *name, capas_preprocessing *preprocessing)
{
    for (size_t i = 0; name && preprocessing && i < CAPAS_COUNT(known); i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        *preprocessing = known[i].bytes;
        preprocessing->minimum = preprocessing->maximum = NAN;
        preprocessing->mean = preprocessing->deviation = NAN;
        return CAPAS_OK;
    }
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "there is no preprocessing \"%s\"; it is caffe, tf, torch, lite or none",
                      name ? name : "");
}

/* How one channel of the network's comes from one of the picture's. */
typedef struct channel_scale {
    int from;
    float scale, offset, mean, deviation;
} channel_scale;

static void read_channels(const capas_preprocessing *p, int channels, channel_scale *scales)
{
    bool scaled = !isnan(p->scale), by_channel = p->channel_deviation[0] > 0;
    for (int c = 0; c < channels; c++)
        scales[c] = (channel_scale){
            .from = p->bgr ? channels - 1 - c : c,
            .scale = scaled ? (float)p->scale : 1,
            .offset = scaled ? (float)p->offset : 0,
            .mean = by_channel ? (float)p->channel_mean[c] : 0,
            .deviation = by_channel ? (float)p->channel_deviation[c] : 1,
        };
}

static float value_of(const channel_scale *scale, float level)
{
    return (level * scale->scale + scale->offset - scale->mean) / scale->deviation;
}

/* A byte has 256 levels: every value is looked up. */
static void scale_pixels(const capas_preprocessing *p, const uint8_t *bytes, int64_t count,
                         float *values)
{
    channel_scale scales[CHANNELS];
    float levels[CHANNELS][LEVELS];
    read_channels(p, CHANNELS, scales);
    for (int c = 0; c < CHANNELS; c++)
        for (int level = 0; level < LEVELS; level++)
            levels[c][level] = value_of(&scales[c], (float)level);
    for (int64_t i = 0; i < count; i++)
        for (int c = 0; c < CHANNELS; c++)
            values[i * CHANNELS + c] = levels[c][bytes[i * CHANNELS + scales[c].from]];
}

static bool has_colours(const capas_model *model, int input)
{
    const capas_shape *shape = &model->uses[model->inputs[input]].output;
    return shape->rank >= 3 && shape->dims[shape->rank - 1] == CHANNELS;
}

void capas_model_scale_bytes(const capas_model *model, int input, const uint8_t *bytes,
                             int64_t count, float *values)
{
    const capas_preprocessing *p = &model->preprocessing;
    bool scaled = !isnan(p->scale);
    if (has_colours(model, input) && capas_preprocessing_tells_channels(p))
        scale_pixels(p, bytes, count / CHANNELS, values);
    else
        capas_scale_bytes(values, bytes, count, scaled ? (float)p->scale : 1,
                          scaled ? (float)p->offset : 0);
}

static capas_status check_numbers(const capas_preprocessing *p)
{
    if (isinf(p->scale) || isinf(p->offset) || (!isnan(p->scale) && isnan(p->offset)))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "scale and offset must be finite, found %g and %g", p->scale, p->offset);
    bool by_channel = p->channel_deviation[0] > 0;
    for (int c = 0; c < CHANNELS; c++) {
        double mean = p->channel_mean[c], deviation = p->channel_deviation[c];
        if (!isfinite(mean) || !isfinite(deviation) || deviation < 0 ||
            by_channel != (deviation > 0))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "channel_mean must be finite, and channel_deviation above 0 for all "
                              "channels or 0 for all; channel %d has %g and %g",
                              c, mean, deviation);
    }
    return CAPAS_OK;
}

static capas_status check(const capas_model *model, const capas_preprocessing *p)
{
    CAPAS_TRY(check_numbers(p));
    if (!capas_preprocessing_tells_channels(p)) return CAPAS_OK;
    for (int i = 0; i < model->input_count; i++)
        if (has_colours(model, i)) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "channels are told apart in pictures in colour only, and no input has three "
                      "channels");
}

capas_status capas_model_set_preprocessing(capas_model *model,
                                           const capas_preprocessing *preprocessing)
{
    CAPAS_TRY(capas_model_check(model));
    if (check(model, preprocessing) != CAPAS_OK)
        return capas_model_keep_failure(model, capas_fail_in("model %s", capas_model_name(model)));
    model->preprocessing = *preprocessing;
    return CAPAS_OK;
}

capas_status capas_model_preprocessing(const capas_model *model, capas_preprocessing *preprocessing)
{
    CAPAS_TRY(capas_model_check(model));
    *preprocessing = model->preprocessing;
    return CAPAS_OK;
}

capas_status capas_preprocess(const capas_preprocessing *preprocessing, const float *levels,
                              int64_t count, int channels, float *values)
{
    channel_scale scales[CHANNELS];
    float pixel[CHANNELS];
    if (!preprocessing || !levels || !values || count < 0 || channels < 1 || channels > CHANNELS)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "preprocess: pixels of 1 to 3 channels are needed, found %lld of %d",
                          (long long)count, channels);
    CAPAS_TRY(check_numbers(preprocessing));
    if (channels < CHANNELS && capas_preprocessing_tells_channels(preprocessing))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "preprocess: channels are told apart in pictures in colour only, found "
                          "%d channels",
                          channels);
    read_channels(preprocessing, channels, scales);
    for (int64_t i = 0; i < count; i++) {
        for (int c = 0; c < channels; c++)
            pixel[c] = value_of(&scales[c], levels[i * channels + scales[c].from]);
        for (int c = 0; c < channels; c++)
            values[i * channels + c] = pixel[c];
    }
    return CAPAS_OK;
}
