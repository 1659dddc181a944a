import Glibc

// The C library's function under a name that does not clash with the members of types that call it.
func naturalLogarithm(_ x: Float) -> Float { logf(x) }
