/* Who shows the progress that `verbose` asks for. Training declares this interface and report/
 * defines it, so that the direction of the folders holds: no header of report/ is included here,
 * and report/ includes this one. They are plain functions and not pointers that report/ would have
 * to register: a static library then brings the reporter along by itself, and nothing has to run
 * before main. */
#ifndef CAPAS_TRAINING_REPORTER_H
#define CAPAS_TRAINING_REPORTER_H

#include <capas/callbacks.h>

/* Lines on stderr, as Keras's progress bar: verbose 1 or 2. NULL when memory runs out. */
capas_callback *capas_reporter_new(int verbose);

/* Ends a line that is still open; NULL does nothing. */
void capas_reporter_free(capas_callback *reporter);

#endif
