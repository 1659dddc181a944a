import BusTransport

/// All interfaces of this project. Each has its file `config/dbus-1/interfaces/NAME.xml`.
public enum RefineInterfaces {
    public static let all = [manager, job, library, models, personalization]

    public static let manager = BusInterface(
        RefineNames.manager,
        "Fills holes in photos. The object is /org/refinecontrol/Refine1.",
        methods: [
            .init(
                "Inpaint", [.init("image", "h"), .init("mask", "h"), .init("options", "a{sv}")],
                returns: [.init("job", "o")],
                """
                Fills the masked part of a photo. Returns at once; the work is the returned job's.
                image: a regular file or memfd with a photo in any supported format.
                mask: a regular file or memfd with an image as large as the upright photo: white (or opaque, where \
                the image has alpha) is filled, black is kept. Of zero length where the option box or polygon is given.
                options:
                \(InpaintOptions.documentation)
                Errors: InvalidArgument (unknown option, wrong type, out of range), Busy (queue full, or full for this \
                caller), NoModel. \
                What is found out later, such as an unsupported format, is told by Completed and GetResult.
                At most 32 jobs wait or run, 8 of one caller; callers take turns. A job ends after 30 minutes.
                """),
            .init(
                "InpaintPixels",
                [
                    .init("pixels", "h"), .init("layout", "(uuus)"), .init("mask", "h"), .init("mask_layout", "(uuus)"),
                    .init("options", "a{sv}"),
                ],
                returns: [.init("job", "o")],
                """
                As Inpaint, for pixels in memory, without decoding or encoding.
                pixels, mask: memfds. They must be sealed against writing, growing and shrinking; seals that are \
                missing are added, for which the memfd must be made with MFD_ALLOW_SEALING, open for writing and not \
                mapped for writing. Everything else is refused.
                layout, mask_layout: width, height and stride in bytes, and RGB8, RGBA8 (alpha not premultiplied), \
                RGB16 (byte order of the machine) or GRAY8; a mask is GRAY8 of the same size, from 128 up filled. Row y \
                begins at byte y * stride; padding after the last row may be missing.
                With the option box the mask is a memfd of zero length and mask_layout means nothing.
                The result is a sealed memfd of the same layout in which only changed pixels differ; alpha and padding \
                stay as they are.
                options, errors: those of Inpaint; TooLarge above 100 megapixels, 30000 a side or 1 GiB.
                """),
            .init(
                "ListJobs", [.init("options", "a{sv}")], returns: [.init("jobs", "aa{sv}")],
                """
                The jobs of all callers that wait or run, oldest first, for programs that show or end them; for callers \
                of the same user. Each has Number u (for CancelJob), Owner s (the unique name of the caller, empty where \
                it has left), Detached b, and the properties of Job. Neither the path, which is the key to a detached \
                job's result, nor anything of the photo is told. No option is defined.
                """),
            .init(
                "CancelJob", [.init("number", "u"), .init("options", "a{sv}")],
                """
                Ends a job by its number, as Job.Cancel; for callers of the same user. No option is defined.
                Errors: NotFound (it has ended, or never was), NotAllowed (another user).
                """),
            .init(
                "Reload", [.init("options", "a{sv}")],
                returns: [.init("changed", "as"), .init("restart_needed", "as")],
                """
                Reads the settings again, as SIGHUP makes the daemon do; for callers of the same user.
                changed: the settings that differ from those that were in force, by their names in refined.toml; they \
                are in force now. Jobs that wait or run stay.
                restart_needed: the settings that differ from those that the daemon started with and wait for its next \
                start. No option is defined.
                Errors: InvalidArgument (a file or variable is wrong: nothing has changed), NotAllowed (another user).
                """),
        ],
        signals: [
            .init(
                "JobChanged", [.init("number", "u"), .init("job", "a{sv}")],
                "A job begins to wait, runs or gets on; job is as in ListJobs. Sent to everybody who listens."),
            .init(
                "JobEnded", [.init("number", "u"), .init("success", "b"), .init("error", "s")],
                "A job has ended; error is empty or an error name. Sent to everybody who listens."),
        ],
        properties: [
            .init("Version", "s", .never, "The version of the daemon."),
            .init(
                "Capabilities", "as", .silent,
                "Codes of what this daemon and its model can do: inpaint, pixels, box, polygon, invert, "
                    + "fit_mask, compare, preview, variants, prompt."),
            .init(
                "Privacy", "a{sb}", .silent,
                "Each guard by name, and whether it holds: those of the daemon, and with worker- before the name those of "
                    + "refine-worker, with tuner- those of refine-tuner. Get tries them; GetAll tells what was found in the last "
                    + "ten minutes, where all of them held then."),
            .init(
                "Landlock", "a{sv}", .silent,
                "What the kernel's Landlock enforces in refine-worker, tried as Privacy is: abi u (0: the kernel has "
                    + "none), denied as (codes such as read-file, connect-tcp, abstract-unix-socket), every-thread b. "
                    + "Empty where no worker could be asked."),
            .init("QueueLength", "u", .silent, "How many jobs wait or run."),
            .init(
                "Model", "a{sv}", .announced,
                "The resident model: state s (loading, ready or missing); where ready: name s, generation s, "
                    + "parameters t, default-steps u, threads u, blas-core s (the kind of CPU whose kernels OpenBLAS uses), "
                    + "blas-detected s (the one that it would have taken by itself); where missing: error s (an error name), message s."
            ),
        ])

    public static let job = BusInterface(
        RefineNames.job,
        """
        One piece of work. Only the connection that started it may use it, and only that one gets its signals; a job \
        with the option detach may be used by every caller of the same user who knows its path. A job that is not \
        detached ends with its caller.
        """,
        methods: [
            .init(
                "Cancel", [.init("options", "a{sv}")],
                "Ends the job within one step; Completed follows. No option is defined. Does nothing to a finished job."
            ),
            .init(
                "GetResult", [.init("options", "a{sv}")], returns: [.init("images", "ah"), .init("info", "a{sv}")],
                """
                The filled photo, one for each variant, in the format of the input, each in a file descriptor to read \
                from the start. Where the job has the option compare, a PNG follows: photo with hole, classical fill, \
                ours (the first variant) and original, side by side. Where it has the option preview, sealed memory with \
                pixels of RGB8 without padding follows: before, then after of each variant. No option is defined. Can be called again until the \
                job goes away: ten minutes after it finished, or earlier when many newer results wait.
                info: seed t, seeds at (of each variant: a call for one with it and these steps gives the same bytes), \
                steps u, model s, generation s (of the weights that filled the photo: those in use, or the base, whichever suits it), \
                format s (png, jpeg... or that of the layout), width u, height u, \
                stride u (of pixels), masked-fraction d, warnings as (codes: mask-covers-most, first-page-only, \
                unknown-words), notes as (codes about the format), seconds a{sd} (by stage), unknown-words as (words of \
                the prompt that the model does not know and ignores), texture s (the material that the prompt names and the hole was \
                filled with, where there is one), plan s (identifies the algorithms of the engine: with \
                the same one, seed, steps and generation the same kind of CPU gives the same bytes), compare u (index in \
                images, where there is one), and where there are small pictures preview u (index of the first), \
                preview-width u, preview-height u, preview-area au (x, y, width, height of what they show, in pixels of \
                the upright photo).
                Errors: the one that ended the job; NotFound (not finished); NotAllowed (not the owner).
                """),
        ],
        signals: [
            .init(
                "Completed", [.init("success", "b"), .init("error", "s")],
                "The job is finished. error is empty or an error name; GetResult tells the rest. Sent to the owner only."
            )
        ],
        properties: [
            .init("Operation", "s", .never, "What is done: inpaint."),
            .init("Progress", "d", .announced, "The part that is done, 0 to 1."),
            .init("ProgressValid", "b", .announced, "Whether Progress means something yet."),
            .init("StartTime", "t", .announced, "Microseconds since 1970; 0 while the job waits."),
            .init("ExpectedEndTime", "t", .announced, "Microseconds since 1970; 0 while nothing is known."),
            .init("Cancelable", "b", .announced, "Whether Cancel still does something."),
            .init("Stage", "s", .announced, "queued, decode, prefill, denoise, blend, encode or done."),
        ])
}

/// The interfaces of the D-Bus specification, as introspection shows them.
public enum StandardInterfaces {
    public static let properties = BusInterface(
        StandardNames.properties, "",
        methods: [
            .init("Get", [.init("interface", "s"), .init("property", "s")], returns: [.init("value", "v")], ""),
            .init("GetAll", [.init("interface", "s")], returns: [.init("properties", "a{sv}")], ""),
            .init("Set", [.init("interface", "s"), .init("property", "s"), .init("value", "v")], ""),
        ],
        signals: [
            .init(
                "PropertiesChanged",
                [.init("interface", "s"), .init("changed", "a{sv}"), .init("invalidated", "as")], "")
        ])

    public static let introspectable = BusInterface(
        StandardNames.introspectable, "", methods: [.init("Introspect", returns: [.init("xml", "s")], "")])

    public static let peer = BusInterface(
        StandardNames.peer, "",
        methods: [.init("Ping", [], ""), .init("GetMachineId", returns: [.init("machine_uuid", "s")], "")])

    public static let objectManager = BusInterface(
        StandardNames.objectManager,
        "Shows to each caller its own jobs only; the signals go to the owner of the job only.",
        methods: [.init("GetManagedObjects", returns: [.init("objects", "a{oa{sa{sv}}}")], "")],
        signals: [
            .init("InterfacesAdded", [.init("object", "o"), .init("interfaces", "a{sa{sv}}")], ""),
            .init("InterfacesRemoved", [.init("object", "o"), .init("interfaces", "as")], ""),
        ])
}
