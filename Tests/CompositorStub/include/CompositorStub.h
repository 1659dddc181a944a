// A Wayland compositor without a screen, whose user is as idle as a test says. For edges that real compositors show
// only by chance: two seats, a seat that goes, the end of the compositor.
#ifndef COMPOSITOR_STUB_H
#define COMPOSITOR_STUB_H

typedef struct compositor_stub compositor_stub;

enum { COMPOSITOR_STUB_EXT = 1, COMPOSITOR_STUB_KDE = 2 };

// Listens at an absolute path and serves the protocols and so many seats, on a thread of its own. NULL where that fails.
compositor_stub *compositor_stub_start(const char *path, int protocols, int seats);
// A socket at an absolute path on which nobody listens yet. Its descriptor, or -1.
int compositor_stub_bind(const char *path);
// Listens at such a socket, which becomes the compositor's, and serves as compositor_stub_start does.
compositor_stub *compositor_stub_listen(int socket, int protocols, int seats);
// How many notifications clients have asked for.
int compositor_stub_asked(compositor_stub *stub);
// The user at a seat goes away, or comes back.
void compositor_stub_set_away(compositor_stub *stub, int seat, int is_away);
void compositor_stub_remove_seat(compositor_stub *stub, int seat);
// Ends the compositor with all connections.
void compositor_stub_stop(compositor_stub *stub);

#endif
