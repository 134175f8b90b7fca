/* cmocka, with the headers that it wants before it. */
#ifndef CAPAS_TESTS_CMOCKA_H
#define CAPAS_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
