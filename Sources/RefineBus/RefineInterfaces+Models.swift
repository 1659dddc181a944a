extension RefineInterfaces {
    public static let models = BusInterface(
        RefineNames.models,
        """
        The weights that fills are made with: the base model, and the generations that were tuned on the user's photos. \
        With a generation in use each photo is filled by it or by the base, whichever suits it; prompts by the base. \
        The object is /org/refinecontrol/Refine1. Callers of other users get NotAllowed.
        """,
        methods: [
            .init(
                "List", [.init("options", "a{sv}")], returns: [.init("models", "aa{sv}")],
                """
                The base and all generations that were adopted, newest first, the base last: generation s, kind s \
                (base or personal), state s (ready, withdrawn, damaged or pruned: its files are gone and its record \
                stays), active b, parent s, created-at t (microseconds since 1970, 0 for the base). No option is \
                defined.
                """),
            .init(
                "Info", [.init("generation", "s"), .init("options", "a{sv}")], returns: [.init("info", "a{sv}")],
                """
                What List says of one, and for a generation how it came about: run x, steps u, seed t, photos u (that it \
                learnt from), held-out-photos u (that judged it), gain d and lower-bound d (dB over its parent on \
                photos that it did not learn from), canary-gain d (dB over the base on generic pictures), level d (the \
                error probability of that bound), plan s (the algorithms that it was trained with). No option is \
                defined. Errors: NotFound.
                """),
            .init(
                "Use", [.init("generation", "s"), .init("options", "a{sv}")],
                """
                Fills with this one from now on. Jobs that run are finished with the one before. No option is defined. \
                Errors: NotFound, InvalidArgument (damaged or pruned).
                """),
            .init(
                "Rollback", [.init("options", "a{sv}")], returns: [.init("generation", "s")],
                """
                Fills with the parent of the one in use from now on, and does not fall back to the one before by itself \
                any more. Returns what is in use then. No option is defined. Errors: NotFound (the base is in use).
                """),
        ],
        properties: [
            .init("Active", "s", .announced, "The generation that is in use; empty where there is no model.")
        ])
}
