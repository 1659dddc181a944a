/// The names that the daemon and its callers agree on.
public enum RefineNames {
    public static let bus = "org.refinecontrol.Refine1"
    public static let root = "/org/refinecontrol/Refine1"
    /// Below this every job has its path.
    public static let jobs = root + "/jobs"
    public static let manager = "org.refinecontrol.Refine1.Manager"
    public static let job = "org.refinecontrol.Refine1.Job"
    public static let library = "org.refinecontrol.Refine1.Library"
    public static let models = "org.refinecontrol.Refine1.Models"
    public static let personalization = "org.refinecontrol.Refine1.Personalization"
    public static let errorPrefix = "org.refinecontrol.Refine1.Error."
}

/// The interfaces of the D-Bus specification that the daemon's objects have too.
public enum StandardNames {
    public static let properties = "org.freedesktop.DBus.Properties"
    public static let introspectable = "org.freedesktop.DBus.Introspectable"
    public static let peer = "org.freedesktop.DBus.Peer"
    public static let objectManager = "org.freedesktop.DBus.ObjectManager"
}
