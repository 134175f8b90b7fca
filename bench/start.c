/* Runs a command in a terminal of its own, and prints how many milliseconds pass from before its
 * process is made until it draws its first progress bar, which `capas train` does when it has
 * trained a batch; then it is ended. A command that draws none is timed to its end.
 *
 *     start COMMAND ARGUMENT...                                 (see start.sh) */
#define _GNU_SOURCE
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* Reads until a bar is there, or the other side is closed. */
static void wait_for_bar(int terminal, char *text, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        ssize_t got = read(terminal, text + length, size - 1 - length);
        if (got <= 0) return;
        length += (size_t)got;
        text[length] = '\0';
        if (strstr(text, "\u2501")) return;
    }
}

int main(int argc, char **argv)
{
    char text[1 << 16] = "";
    int terminal, status;
    if (argc < 2) return 2;
    double began = milliseconds();
    pid_t child = forkpty(&terminal, NULL, NULL, &(struct winsize){.ws_row = 24, .ws_col = 100});
    if (child < 0) return 1;
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    wait_for_bar(terminal, text, sizeof text);
    double took = milliseconds() - began;
    kill(child, SIGKILL);
    if (waitpid(child, &status, 0) < 0) return 1;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s", text);
        return 1;
    }
    printf("%.1f\n", took);
    return 0;
}
