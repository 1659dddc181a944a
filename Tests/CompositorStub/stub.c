#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <wayland-server.h>

#include "CompositorStub.h"

#define MOST 8

struct notification {
    int seat;
    struct wl_resource *resource;
};

struct compositor_stub {
    struct wl_display *display;
    struct wl_global *seats[MOST];
    struct notification notifications[MOST];
    atomic_int asked;
    int commands[2];
    pthread_t thread;
};

static void destroy(struct wl_client *client, struct wl_resource *resource) {
    (void)client;
    wl_resource_destroy(resource);
}
static void on_destroyed(struct wl_resource *resource) {
    struct notification *notification = wl_resource_get_user_data(resource);
    notification->resource = NULL;
}
static void ignore(struct wl_client *client, struct wl_resource *resource) {
    (void)client;
    (void)resource;
}

// As in ext-idle-notify-v1.xml and idle.xml.
extern const struct wl_interface wl_seat_interface;
static const struct wl_message notification_events[] = {{"idled", "", NULL}, {"resumed", "", NULL}};
static const struct wl_message destroy_request[] = {{"destroy", "", NULL}};
static const struct wl_interface notification_interface = {
    "ext_idle_notification_v1", 1, 1, destroy_request, 2, notification_events};
static const struct wl_interface *get_types[] = {&notification_interface, NULL, &wl_seat_interface};
static const struct wl_message notifier_requests[] = {
    {"destroy", "", NULL}, {"get_idle_notification", "nuo", get_types}};
static const struct wl_interface notifier_interface = {"ext_idle_notifier_v1", 1, 2, notifier_requests, 0, NULL};
static const struct wl_message timeout_requests[] = {{"release", "", NULL}, {"simulate_user_activity", "", NULL}};
static const struct wl_message timeout_events[] = {{"idle", "", NULL}, {"resumed", "", NULL}};
static const struct wl_interface timeout_interface = {
    "org_kde_kwin_idle_timeout", 1, 2, timeout_requests, 2, timeout_events};
static const struct wl_interface *kde_types[] = {&timeout_interface, &wl_seat_interface, NULL};
static const struct wl_message kde_requests[] = {{"get_idle_timeout", "nou", kde_types}};
static const struct wl_interface kde_interface = {"org_kde_kwin_idle", 1, 1, kde_requests, 0, NULL};

static const struct {
    void (*destroy)(struct wl_client *, struct wl_resource *);
} notification_requests = {destroy};
static const struct {
    void (*release)(struct wl_client *, struct wl_resource *);
    void (*simulate)(struct wl_client *, struct wl_resource *);
} timeout_implementation = {destroy, ignore};

static void add(struct wl_client *client, struct wl_resource *manager, uint32_t id, struct wl_resource *seat,
                const struct wl_interface *interface, const void *implementation) {
    compositor_stub *stub = wl_resource_get_user_data(manager);
    for (size_t i = 0; i < MOST; i++) {
        struct notification *notification = &stub->notifications[i];
        if (notification->resource != NULL) continue;
        notification->resource = wl_resource_create(client, interface, 1, id);
        notification->seat = (int)(intptr_t)wl_resource_get_user_data(seat);
        wl_resource_set_implementation(notification->resource, implementation, notification, on_destroyed);
        atomic_fetch_add(&stub->asked, 1);
        return;
    }
}
static void ext_get(struct wl_client *client, struct wl_resource *manager, uint32_t id, uint32_t milliseconds,
                    struct wl_resource *seat) {
    (void)milliseconds;
    add(client, manager, id, seat, &notification_interface, &notification_requests);
}
static void kde_get(struct wl_client *client, struct wl_resource *manager, uint32_t id, struct wl_resource *seat,
                    uint32_t milliseconds) {
    (void)milliseconds;
    add(client, manager, id, seat, &timeout_interface, &timeout_implementation);
}
static const struct {
    void (*destroy)(struct wl_client *, struct wl_resource *);
    void (*get)(struct wl_client *, struct wl_resource *, uint32_t, uint32_t, struct wl_resource *);
} notifier_implementation = {destroy, ext_get};
static const struct {
    void (*get)(struct wl_client *, struct wl_resource *, uint32_t, struct wl_resource *, uint32_t);
} kde_implementation = {kde_get};

static void bind_notifier(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    struct wl_resource *resource = wl_resource_create(client, &notifier_interface, (int)version, id);
    wl_resource_set_implementation(resource, &notifier_implementation, data, NULL);
}
static void bind_kde(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    struct wl_resource *resource = wl_resource_create(client, &kde_interface, (int)version, id);
    wl_resource_set_implementation(resource, &kde_implementation, data, NULL);
}
static void bind_seat(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    struct wl_resource *resource = wl_resource_create(client, &wl_seat_interface, (int)version, id);
    wl_resource_set_implementation(resource, NULL, data, NULL);
}

// Commands: a letter and a seat.
static int on_command(int fd, uint32_t mask, void *data) {
    compositor_stub *stub = data;
    char command[2];
    (void)mask;
    if (read(fd, command, sizeof command) != (ssize_t)sizeof command) return 0;
    int seat = command[1];
    switch (command[0]) {
    case 'a':
    case 'b':
        for (size_t i = 0; i < MOST; i++) {
            struct notification *notification = &stub->notifications[i];
            if (notification->resource != NULL && notification->seat == seat)
                wl_resource_post_event(notification->resource, command[0] == 'a' ? 0 : 1);
        }
        break;
    case 'r':
        if (stub->seats[seat] != NULL) wl_global_destroy(stub->seats[seat]);
        stub->seats[seat] = NULL;
        break;
    default: wl_display_terminate(stub->display);
    }
    return 0;
}

static void *run(void *data) {
    compositor_stub *stub = data;
    wl_display_run(stub->display);
    wl_display_destroy_clients(stub->display);
    wl_display_destroy(stub->display);
    return NULL;
}

static compositor_stub *create(void) {
    compositor_stub *stub = calloc(1, sizeof *stub);
    if (stub == NULL || pipe(stub->commands) != 0) return NULL;
    stub->display = wl_display_create();
    return stub->display == NULL ? NULL : stub;
}

static compositor_stub *serve(compositor_stub *stub, int protocols, int seats) {
    if (protocols & COMPOSITOR_STUB_EXT)
        wl_global_create(stub->display, &notifier_interface, 1, stub, bind_notifier);
    if (protocols & COMPOSITOR_STUB_KDE) wl_global_create(stub->display, &kde_interface, 1, stub, bind_kde);
    for (int i = 0; i < seats && i < MOST; i++)
        stub->seats[i] = wl_global_create(stub->display, &wl_seat_interface, 1, (void *)(intptr_t)i, bind_seat);
    wl_event_loop_add_fd(wl_display_get_event_loop(stub->display), stub->commands[0], WL_EVENT_READABLE, on_command, stub);
    if (pthread_create(&stub->thread, NULL, run, stub) != 0) return NULL;
    return stub;
}

compositor_stub *compositor_stub_start(const char *path, int protocols, int seats) {
    compositor_stub *stub = create();
    return stub == NULL || wl_display_add_socket(stub->display, path) != 0 ? NULL : serve(stub, protocols, seats);
}

int compositor_stub_bind(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ? -1 : fd;
}

compositor_stub *compositor_stub_listen(int socket, int protocols, int seats) {
    if (listen(socket, 8) != 0) return NULL;
    compositor_stub *stub = create();
    return stub == NULL || wl_display_add_socket_fd(stub->display, socket) != 0 ? NULL : serve(stub, protocols, seats);
}

static void tell(compositor_stub *stub, char what, int seat) {
    char command[2] = {what, (char)seat};
    if (write(stub->commands[1], command, sizeof command) != (ssize_t)sizeof command) abort();
}

int compositor_stub_asked(compositor_stub *stub) { return atomic_load(&stub->asked); }
void compositor_stub_set_away(compositor_stub *stub, int seat, int is_away) { tell(stub, is_away ? 'a' : 'b', seat); }
void compositor_stub_remove_seat(compositor_stub *stub, int seat) { tell(stub, 'r', seat); }
void compositor_stub_stop(compositor_stub *stub) {
    tell(stub, 'e', 0);
    pthread_join(stub->thread, NULL);
    close(stub->commands[0]);
    close(stub->commands[1]);
    free(stub);
}
