// A client of two protocols that differ in little but their names. Their tables are written out below; they are what
// wayland-scanner makes of ext-idle-notify-v1.xml (wayland-protocols, staging) and idle.xml (plasma-wayland-protocols).
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>

#include "CWayland.h"

#define MOST_SEATS 8

// --- Protocols --------------------------------------------------------------------------------------------------

static const struct wl_message notification_events[] = {{"idled", "", NULL}, {"resumed", "", NULL}};
static const struct wl_message notification_requests[] = {{"destroy", "", NULL}};
static const struct wl_interface notification_interface = {
    "ext_idle_notification_v1", 1, 1, notification_requests, 2, notification_events};
static const struct wl_interface *get_notification_types[] = {&notification_interface, NULL, &wl_seat_interface};
static const struct wl_message notifier_requests[] = {
    {"destroy", "", NULL}, {"get_idle_notification", "nuo", get_notification_types}};
static const struct wl_interface notifier_interface = {"ext_idle_notifier_v1", 1, 2, notifier_requests, 0, NULL};

static const struct wl_message kde_timeout_events[] = {{"idle", "", NULL}, {"resumed", "", NULL}};
static const struct wl_message kde_timeout_requests[] = {{"release", "", NULL}, {"simulate_user_activity", "", NULL}};
static const struct wl_interface kde_timeout_interface = {
    "org_kde_kwin_idle_timeout", 1, 2, kde_timeout_requests, 2, kde_timeout_events};
static const struct wl_interface *kde_get_timeout_types[] = {&kde_timeout_interface, &wl_seat_interface, NULL};
static const struct wl_message kde_requests[] = {{"get_idle_timeout", "nou", kde_get_timeout_types}};
static const struct wl_interface kde_interface = {"org_kde_kwin_idle", 1, 1, kde_requests, 0, NULL};

enum { NOTIFIER_GET = 1, KDE_GET = 0, NOTIFICATION_DESTROY = 0 };

// --- State ------------------------------------------------------------------------------------------------------

struct seat {
    uint32_t name;
    struct wl_seat *seat;
    struct wl_proxy *notification;
    int is_away;
};

struct refine_idle_watch {
    struct wl_display *display;
    struct wl_registry *registry;
    struct wl_callback *answered;
    struct wl_proxy *notifier, *kde;
    struct seat seats[MOST_SEATS];
    uint32_t milliseconds;
    int has_answered;
};

// Both listeners have these two events, in this order.
struct notification_listener {
    void (*away)(void *, struct wl_proxy *);
    void (*back)(void *, struct wl_proxy *);
};
static void on_away(void *data, struct wl_proxy *proxy) {
    (void)proxy;
    ((struct seat *)data)->is_away = 1;
}
static void on_back(void *data, struct wl_proxy *proxy) {
    (void)proxy;
    ((struct seat *)data)->is_away = 0;
}
static const struct notification_listener notification_listener = {on_away, on_back};

// Asks about a seat, once it is known which protocol there is.
static void ask(refine_idle_watch *watch, struct seat *seat) {
    if (!watch->has_answered || seat->notification != NULL) return;
    if (watch->notifier != NULL)
        seat->notification = wl_proxy_marshal_flags(watch->notifier, NOTIFIER_GET, &notification_interface, 1, 0, NULL,
                                                    watch->milliseconds, seat->seat);
    else if (watch->kde != NULL)
        seat->notification = wl_proxy_marshal_flags(watch->kde, KDE_GET, &kde_timeout_interface, 1, 0, NULL, seat->seat,
                                                    watch->milliseconds);
    if (seat->notification != NULL)
        wl_proxy_add_listener(seat->notification, (void (**)(void))&notification_listener, seat);
}

static void forget(struct seat *seat) {
    if (seat->notification != NULL)
        wl_proxy_marshal_flags(seat->notification, NOTIFICATION_DESTROY, NULL, 1, WL_MARSHAL_FLAG_DESTROY);
    if (seat->seat != NULL) wl_seat_destroy(seat->seat);
    *seat = (struct seat){0};
}

static void on_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version) {
    refine_idle_watch *watch = data;
    (void)version;
    if (strcmp(interface, notifier_interface.name) == 0 && watch->notifier == NULL) {
        watch->notifier = wl_registry_bind(registry, name, &notifier_interface, 1);
    } else if (strcmp(interface, kde_interface.name) == 0 && watch->kde == NULL) {
        watch->kde = wl_registry_bind(registry, name, &kde_interface, 1);
    } else if (strcmp(interface, wl_seat_interface.name) == 0) {
        // A slot stays with its seat: the listener has its address.
        for (size_t i = 0; i < MOST_SEATS; i++) {
            struct seat *seat = &watch->seats[i];
            if (seat->seat != NULL) continue;
            seat->seat = wl_registry_bind(registry, name, &wl_seat_interface, 1);
            seat->name = name;
            if (seat->seat != NULL) ask(watch, seat);
            return;
        }
    }
}

static void on_global_removed(void *data, struct wl_registry *registry, uint32_t name) {
    refine_idle_watch *watch = data;
    (void)registry;
    for (size_t i = 0; i < MOST_SEATS; i++)
        if (watch->seats[i].seat != NULL && watch->seats[i].name == name) forget(&watch->seats[i]);
}

static const struct wl_registry_listener registry_listener = {on_global, on_global_removed};

static void on_answered(void *data, struct wl_callback *callback, uint32_t serial) {
    refine_idle_watch *watch = data;
    (void)serial;
    wl_callback_destroy(callback);
    watch->answered = NULL;
    watch->has_answered = 1;
    for (size_t i = 0; i < MOST_SEATS; i++)
        if (watch->seats[i].seat != NULL) ask(watch, &watch->seats[i]);
}

static const struct wl_callback_listener answered_listener = {on_answered};

// --- Interface --------------------------------------------------------------------------------------------------

refine_idle_watch *refine_idle_watch_open(const char *path, uint32_t milliseconds) {
    refine_idle_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) return NULL;
    watch->milliseconds = milliseconds;
    watch->display = wl_display_connect(path);
    if (watch->display == NULL) {
        int error = errno;
        free(watch);
        errno = error != 0 ? error : EIO;
        return NULL;
    }
    watch->registry = wl_display_get_registry(watch->display);
    watch->answered = wl_display_sync(watch->display);
    if (watch->registry == NULL || watch->answered == NULL) {
        refine_idle_watch_close(watch);
        errno = ENOMEM;
        return NULL;
    }
    wl_registry_add_listener(watch->registry, &registry_listener, watch);
    wl_callback_add_listener(watch->answered, &answered_listener, watch);
    wl_display_flush(watch->display);
    return watch;
}

void refine_idle_watch_close(refine_idle_watch *watch) {
    if (watch == NULL) return;
    for (size_t i = 0; i < MOST_SEATS; i++) forget(&watch->seats[i]);
    if (watch->answered != NULL) wl_callback_destroy(watch->answered);
    // Only the client's side: the connection ends right after.
    if (watch->notifier != NULL) wl_proxy_destroy(watch->notifier);
    if (watch->kde != NULL) wl_proxy_destroy(watch->kde);
    if (watch->registry != NULL) wl_registry_destroy(watch->registry);
    wl_display_disconnect(watch->display);
    free(watch);
}

int refine_idle_watch_descriptor(const refine_idle_watch *watch) { return wl_display_get_fd(watch->display); }

static int failure(const refine_idle_watch *watch) {
    int error = wl_display_get_error(watch->display);
    return error != 0 ? -error : -EIO;
}

int refine_idle_watch_read(refine_idle_watch *watch) {
    while (wl_display_prepare_read(watch->display) != 0)
        if (wl_display_dispatch_pending(watch->display) < 0) return failure(watch);
    if (wl_display_read_events(watch->display) < 0 || wl_display_dispatch_pending(watch->display) < 0)
        return failure(watch);
    if (wl_display_flush(watch->display) < 0 && errno != EAGAIN) return failure(watch);
    return 0;
}

int refine_idle_watch_state(const refine_idle_watch *watch) {
    if (!watch->has_answered) return REFINE_IDLE_ASKING;
    int seats = 0, away = 0;
    for (size_t i = 0; i < MOST_SEATS; i++) {
        if (watch->seats[i].notification == NULL) continue;
        seats++;
        away += watch->seats[i].is_away;
    }
    if (seats == 0) return REFINE_IDLE_UNSUPPORTED;
    return away == seats ? REFINE_IDLE_AWAY : REFINE_IDLE_ACTIVE;
}
