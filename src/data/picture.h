/* Pictures for data sets: loading with options that were checked once. */
#ifndef CAPAS_DATA_PICTURE_H
#define CAPAS_DATA_PICTURE_H

#include "base/status.h"
#include <capas/pictures.h>

/* A copy of the options as a caller of any version gave them, checked; `where` begins the sentence.
 */
capas_status capas_picture_options_take(capas_picture_options *all,
                                        const capas_picture_options *given, const char *where);

#endif
