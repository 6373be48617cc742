// The tool as a stranger uses it: started as a program, talked to over sockets, ended by a signal, its books read.

import Testing

/// Everything here runs one after another: each test has the machine's two or more processors for itself.
@Suite(.serialized) struct ToolTests {}
