//! Tests of the model against facts taken from a real server.
