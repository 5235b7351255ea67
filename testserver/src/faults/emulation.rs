//! Emulates operations.

use bytes::Bytes;

use super::emulated::{Emulation, replace};
use super::plan::Faults;
use crate::http::Response;
use crate::operation_ids::is_same_operation;

impl Faults {
    /// Emulates an operation that this server does not implement: from now on, its requests get these
    /// responses, one each in this order, and then the last one. A fault applies to such a request as if the
    /// operation were implemented.
    ///
    /// A response is a status and a JSON body, which may be empty. It has the `X-Request-Id` of a lakeFS.
    /// An empty list ends the emulation.
    ///
    /// # Panics
    ///
    /// Panics if there is no operation of this name.
    #[track_caller]
    pub fn emulate<B: Into<Bytes>>(&self, operation: &str, responses: impl IntoIterator<Item = (u16, B)>) {
        self.operations().assert_contains(operation);
        replace(&mut self.emulations.entries(), Emulation::new(operation, responses));
    }

    /// Emulates `operation` with these responses once the emulated operation `cause` has succeeded, such as a
    /// read after a creation.
    ///
    /// # Panics
    ///
    /// Panics if there is no operation of one of these names, or if `cause` is not emulated.
    #[track_caller]
    pub fn emulate_after<B: Into<Bytes>>(
        &self,
        cause: &str,
        operation: &str,
        responses: impl IntoIterator<Item = (u16, B)>,
    ) {
        self.operations().assert_contains(operation);
        let mut entries = self.emulations.entries();
        let found = entries.iter_mut().find(|known| is_same_operation(&known.operation, cause));
        assert!(found.is_some(), "operation {cause:?} is not emulated");
        if let Some(cause) = found {
            cause.effects.push(Emulation::new(operation, responses));
        }
    }

    /// Returns the response of an emulated operation.
    pub(crate) fn emulated(&self, operation: &str) -> Option<Response> {
        let mut entries = self.emulations.entries();
        let emulation = entries.iter_mut().find(|known| is_same_operation(&known.operation, operation))?;
        let responses = &mut emulation.responses;
        let response = if responses.len() > 1 { responses.pop_front() } else { responses.front().cloned() };
        let response = response?.into_response();
        if response.status().is_success() {
            for effect in std::mem::take(&mut emulation.effects) {
                replace(&mut entries, effect);
            }
        }
        Some(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation_ids::OperationIds;

    #[test]
    fn last_response_of_an_emulated_operation_is_repeated() {
        let faults = Faults::new(OperationIds::new(["createGroup", "getGroup"]));
        faults.emulate("create_group", [(201, "{}"), (409, "{}")]);
        let status = || faults.emulated("createGroup").map(|response| response.status().as_u16());
        assert_eq!([status(), status(), status()], [Some(201), Some(409), Some(409)]);
        assert!(faults.emulated("getGroup").is_none());
        faults.emulate("createGroup", [(0, ""); 0]);
        assert_eq!(status(), None);
    }

    #[test]
    fn success_of_an_emulated_operation_changes_another() {
        let faults = Faults::new(OperationIds::new(["createGroup", "getGroup"]));
        faults.emulate("createGroup", [(500, ""), (201, "")]);
        faults.emulate("getGroup", [(404, "")]);
        faults.emulate_after("createGroup", "getGroup", [(200, "{}")]);
        let status = |operation| faults.emulated(operation).map(|response| response.status().as_u16());
        assert_eq!((status("createGroup"), status("getGroup")), (Some(500), Some(404)));
        assert_eq!((status("createGroup"), status("getGroup")), (Some(201), Some(200)));
    }
}
