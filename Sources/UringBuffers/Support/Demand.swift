// Traps that keep their message in optimised programs, where `precondition` says nothing.

/// Ends the program with `message` unless `condition` holds: for mistakes that the program cannot go on with.
@inlinable
package func demand(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #file, line: UInt = #line
) {
    if !condition { fatalError(message(), file: file, line: line) }
}
