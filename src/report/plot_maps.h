/* The grid of maps, for the kinds of plots that make their own maps. */
#ifndef CAPAS_REPORT_PLOT_MAPS_H
#define CAPAS_REPORT_PLOT_MAPS_H

#include "report/figure.h"

/* capas_plot_maps with a title for when the options have none. */
capas_status capas_plot_maps_titled(const char *path, const capas_plot_map *maps, int count,
                                    const char *title, const capas_plot_options *given);

#endif
