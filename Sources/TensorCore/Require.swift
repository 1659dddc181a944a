/// Traps with the message unless the condition holds: for a programmer's errors. Unlike `precondition` it prints the
/// message in optimised builds too, where the shapes at fault are all that there is to go by.
@inline(__always)
package func require(
    _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    guard condition() else { fatalError(message(), file: file, line: line) }
}
