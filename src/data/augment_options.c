/* The options of augmentation: one table for what a program says and what a recipe says. */
#include "data/augment.h"
#include <math.h>

static const char *const fill_modes[] = {"constant", "nearest", "reflect", "wrap", NULL};

static capas_status check_zoom(const capas_option *option, const void *field)
{
    const capas_range *zoom = field;
    CAPAS_TRY(capas_option_range.check(option, field));
    if (zoom->high == CAPAS_NONE && zoom->low < 1) return CAPAS_OK;
    if (zoom->high != CAPAS_NONE && zoom->low > 0) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "a number below 1 or a list of two above 0, found %s%.15g",
                      zoom->high == CAPAS_NONE ? "" : "a list that begins with ", zoom->low);
}

static void resolve_zoom(const capas_option *option, void *field)
{
    capas_option_range.resolve(option, field);
}

static capas_status read_zoom(const capas_option *option, const capas_value *value, void *field)
{
    return capas_option_range.read(option, value, field);
}

static capas_value *write_zoom(const capas_option *option, const void *field)
{
    return capas_option_range.write(option, field);
}

static const capas_option_kind zoom_kind = {
    "a number or a list of two", resolve_zoom, check_zoom, read_zoom, write_zoom,
};

#define REAL(option_name, most, what)                                                              \
    {                                                                                              \
        .name = #option_name, .kind = &capas_option_real,                                          \
        .offset = offsetof(capas_augment_options, option_name), .maximum = most, .help = what      \
    }

static const capas_option options[] = {
    REAL(rotation_range, 360, "turned by up to so many degrees"),
    REAL(width_shift_range, HUGE_VAL, "moved sideways: below 1 of the width, else pixels"),
    REAL(height_shift_range, HUGE_VAL, "moved up or down: below 1 of the height, else pixels"),
    REAL(shear_range, 89.999, "slanted by up to so many degrees"),
    {.name = "zoom_range",
     .kind = &zoom_kind,
     .offset = offsetof(capas_augment_options, zoom_range),
     .maximum = 1000,
     .help = "stretched by a factor; below 1 enlarges"},
    {.name = "fill_mode",
     .kind = &capas_option_enum,
     .offset = offsetof(capas_augment_options, fill_mode),
     .standard = CAPAS_FILL_NEAREST,
     .words = fill_modes,
     .help = "what comes in from outside"},
    {.name = "cval",
     .kind = &capas_option_real,
     .offset = offsetof(capas_augment_options, cval),
     .help = "the value of fill_mode constant"},
    {.name = "horizontal_flip",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_augment_options, horizontal_flip),
     .help = "left and right change places, by a coin"},
    {.name = "vertical_flip",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_augment_options, vertical_flip),
     .help = "top and bottom change places, by a coin"},
    {.name = "interpolation_order",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_augment_options, interpolation_order),
     .standard = 1,
     .maximum = 1,
     .help = "0 the nearest pixel, 1 bilinear"},
    REAL(elastic_alpha, 1e6, "how far pixels are moved by elastic distortion"),
    {.name = "elastic_sigma",
     .kind = &capas_option_real,
     .offset = offsetof(capas_augment_options, elastic_sigma),
     .standard = 4,
     .maximum = 64,
     .open_minimum = true,
     .help = "how smooth elastic distortion is, in pixels"},
};

const capas_option_table capas_augment_table = {"augment", options, CAPAS_COUNT(options),
                                                sizeof(capas_augment_options)};

capas_status capas_augment_options_read(capas_augment_options *augment, const capas_value *map,
                                        const char *where)
{
    *augment = (capas_augment_options){.struct_size = sizeof *augment};
    CAPAS_TRY(capas_options_resolve(&capas_augment_table, augment, where));
    return capas_options_read(&capas_augment_table, augment, map, where);
}
