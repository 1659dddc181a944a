/// The version of this product: what every program prints, what `Manager.Version` tells, and what a package is called.
public enum ProductVersion {
    /// The Makefile reads this line.
    public static let current = "0.1.0"
}
