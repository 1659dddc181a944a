extension RefineInterfaces {
    public static let personalization = BusInterface(
        RefineNames.personalization,
        """
        Tuning in the background: when it happens, why it does not, and what came of it. The object is \
        /org/refinecontrol/Refine1. Callers of other users get NotAllowed.
        """,
        methods: [
            .init(
                "Start", [.init("options", "a{sv}")], returns: [.init("waits_for", "as")],
                """
                Tunes now: what is only convenience (the schedule, the budget, an absent user, mains) does not count for \
                one run. Ends a pause. No option is defined.
                waits_for: codes of conditions that count all the same and are not met yet; tuning begins when they are.
                Errors: Failed, NoModel (waiting would be in vain: too few photos, a guard that does not hold, no model).
                """),
            .init(
                "Pause", [.init("options", "a{sv}")],
                "Stops tuning until Resume or Start, also over a restart. What was learnt since the last checkpoint is "
                    + "lost. No option is defined."),
            .init("Resume", [.init("options", "a{sv}")], "Ends a pause. No option is defined."),
            .init(
                "Inhibit", [.init("who", "s"), .init("why", "s"), .init("options", "a{sv}")],
                returns: [.init("cookie", "t")],
                """
                Keeps from tuning until Uninhibit, or until the caller leaves the bus. A run that is under way is held \
                before the answer is sent. No option is defined.
                who: name of the program, for people; one line of at most 200 bytes.
                why: what must not be disturbed, likewise.
                Errors: InvalidArgument, Busy (too many).
                """),
            .init(
                "Uninhibit", [.init("cookie", "t"), .init("options", "a{sv}")],
                "Releases an inhibitor of the same caller. No option is defined. Errors: NotFound."),
            .init(
                "SetSchedule", [.init("windows", "s"), .init("options", "a{sv}")],
                """
                Sets when tuning is allowed, over what the settings say, and for good. No option is defined.
                windows: such as 'Mon..Fri 22:00-06:00; Sat,Sun', or 'always'. A window over midnight belongs to the day \
                that it starts on.
                Errors: InvalidArgument.
                """),
            .init(
                "ClearSchedule", [.init("options", "a{sv}")],
                "Goes back to the schedule of the settings. No option is defined."),
            .init(
                "History", [.init("options", "a{sv}")], returns: [.init("runs", "aa{sv}")],
                """
                What became of runs, newest first: run x, started-at t and ended-at t (microseconds since 1970), parent s \
                (the generation it began with), generation s (what came of it, empty where it was kept out), verdict s \
                (adopted, no-gain, canary-lost, too-few-photos, not-finite, or the code of a failure), \
                steps u, photos u, held-out-photos u, gain d, lower-bound d and canary-gain d (dB), level d.
                options: limit u (at most 1000; 100 where not given).
                """),
            .init(
                "Rollback", [.init("options", "a{sv}")], returns: [.init("generation", "s")],
                """
                Uses the generation again that the one in use came from. A run that is under way is thrown away. No \
                option is defined.
                generation: which is in use now.
                Errors: NotFound (the model that came with the package is in use already).
                """),
            .init(
                "Reset", [.init("options", "a{sv}")],
                "Throws all that was learnt away, with its files, and uses the model that came with the package. No option "
                    + "is defined."),
        ],
        properties: [
            .init("State", "s", .announced, "waiting, tuning, held (for a moment), judging or paused."),
            .init(
                "Reason", "as", .announced,
                "Codes of what keeps from tuning: those of Conditions, as far as they were looked at (what costs something "
                    + "is not while others keep from it already), paused, or failed-before (a run failed, the next one "
                    + "waits). Empty while it tunes."),
            .init("Forced", "b", .announced, "Whether Start was called for this run."),
            .init(
                "Run", "a{sv}", .announced,
                "The run that is under way, or was last: step u and steps u, where known; expected-end t (microseconds "
                    + "since 1970), while it tunes; failure s (a code), where the last one failed."),
            .init(
                "Schedule", "a{sv}", .announced,
                "windows s, origin s (settings or user), opens-at t (microseconds since 1970) while it is closed."),
            .init(
                "Inhibitors", "aa{sv}", .announced,
                "Programs that called Inhibit: who s, why s, since t (microseconds since 1970)."),
            .init(
                "Conditions", "aa{sv}", .silent,
                """
                Everything that counts, looked at now: code s, verdict s (met, unmet or unknown), obstacle b (whether it \
                keeps from tuning), and what was measured:
                enabled, privacy, model: nothing more.
                photos: count x and wanted x to learn from, held-out x and held-out-wanted x to check by.
                new-photos: count x, wanted x, unfinished b (a run is to be gone on with, and needs none).
                disk: bytes x that are free, wanted x.
                inhibitors: who as.
                jobs: count x of fills that wait or run.
                schedule: windows s, opens-at t.
                budget: seconds d used today, limit d.
                idle: seconds d since the user last did something, wanted d, exact b, source s (wayland, mutter, \
                screensaver, logind).
                power: battery b. charge: percent d, wanted d. power-profile: profile s.
                load, memory: share d (0 to 1, of others than the tuner), limit d. temperature: celsius d, limit d.
                absent b: the machine has no such thing.
                """),
            .init(
                "Budget", "a{sv}", .silent,
                "day s (2026-11-27), used-seconds d of tuning on it, limit-seconds d."),
        ])
}
