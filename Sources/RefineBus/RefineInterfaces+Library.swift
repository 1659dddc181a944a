extension RefineInterfaces {
    public static let library = BusInterface(
        RefineNames.library,
        """
        The folders whose photos the daemon knows, so that it can learn from them. The object is \
        /org/refinecontrol/Refine1. Photos are read, never written or moved. Paths are bytes without a zero at the end. \
        Callers of other users get NotAllowed.
        """,
        methods: [
            .init(
                "AddFolder", [.init("path", "ay"), .init("options", "a{sv}")],
                """
                Watches a folder and all below it from now on. Links inside are not followed.
                path: absolute, with links resolved.
                options:
                excludes as: shell patterns; without a slash for names, with one for paths below the folder, ** also \
                matches slashes.
                hidden b: also go into folders and take files whose name begins with a dot.
                screenshots b: also take pictures of the screen.
                minimum-side u: leave out photos with a shorter side in pixels; 256 where not given.
                rescan-minutes u: how often to look again where changes are not told, as on network file systems; 60 \
                where not given.
                Errors: InvalidArgument, NotFound (no such folder), NotAllowed (it may not be read).
                """),
            .init(
                "RemoveFolder", [.init("path", "ay"), .init("options", "a{sv}")],
                "Stops watching a folder and drops what is known of its photos. No option is defined. Errors: NotFound."
            ),
            .init(
                "Rescan", [.init("options", "a{sv}")],
                "Looks through all folders once more; Stats tells when it is done. No option is defined."),
            .init(
                "Forget", [.init("path", "ay"), .init("options", "a{sv}")],
                returns: [.init("photos", "u"), .init("generations", "u")],
                """
                Removes every trace of a photo, or of all photos in a folder: what is known of them, and every \
                generation that learnt from them, with all that descend from it. The files stay, and are left alone \
                from now on. No option is defined. Errors: NotFound.
                """),
            .init(
                "Folders", [.init("options", "a{sv}")], returns: [.init("folders", "aa{sv}")],
                """
                The watched folders: path ay, state s (new, ready or unavailable), live b (changes are told as they \
                happen), scanned-at t (microseconds since 1970, 0 before the first pass), excludes as, hidden b, \
                screenshots b, minimum-side u, rescan-minutes u, images a{st} (by state). No option is defined.
                """),
            .init(
                "Photos", [.init("options", "a{sv}")], returns: [.init("photos", "aa{sv}")],
                """
                Photos in the order of their paths: path ay, state s (new, ready, skipped, quarantined or missing), \
                size t, width u, height u, split s (train, held-out or empty), cluster x (near-duplicates share it; 0 \
                for none), times-used u, error s (a code; empty for none).
                options: folder ay, state s, offset u, limit u (at most 1000; 1000 where not given).
                """),
            .init(
                "Stats", [.init("options", "a{sv}")], returns: [.init("stats", "a{sv}")],
                """
                The library in numbers: folders u, unavailable-folders u, images a{st} (by state), clusters t, \
                held-out-clusters t, database-bytes t, busy b (a pass is under way), done t and total t (photos read \
                in it), failure s (a code: why the library is not up to date, such as disk-full; empty where it is). \
                No option is defined.
                """),
        ])
}
