// Whether the user of a Wayland compositor is idle, by ext-idle-notify-v1 or the older org_kde_kwin_idle.
// Nothing here blocks but the connection to the socket; what comes is read when the descriptor is readable.
#ifndef CWAYLAND_H
#define CWAYLAND_H

#include <stdint.h>

typedef struct refine_idle_watch refine_idle_watch;

enum {
    // The compositor has not answered yet what it offers.
    REFINE_IDLE_ASKING = 0,
    // It offers neither of the protocols, or has no seat.
    REFINE_IDLE_UNSUPPORTED = 1,
    // Somebody does something, or did less than the asked time ago.
    REFINE_IDLE_ACTIVE = 2,
    // Nobody has done anything at any seat for the asked time.
    REFINE_IDLE_AWAY = 3,
};

// Connects to the socket at an absolute path. NULL with errno where that fails.
refine_idle_watch *refine_idle_watch_open(const char *path, uint32_t milliseconds);
// Ends the connection and frees everything.
void refine_idle_watch_close(refine_idle_watch *watch);
// Readable when refine_idle_watch_read has something to do. Stays the watch's.
int refine_idle_watch_descriptor(const refine_idle_watch *watch);
// Takes in what has come, without waiting. 0, or -errno where the compositor is gone or broke the protocol.
int refine_idle_watch_read(refine_idle_watch *watch);
int refine_idle_watch_state(const refine_idle_watch *watch);

#endif
