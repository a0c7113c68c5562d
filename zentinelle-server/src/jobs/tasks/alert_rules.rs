//! Alert rules.

use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::jobs::JobError;

/// Compares.
pub(crate) async fn check(_app: &App, _tenant: &TenantId) -> Result<(), JobError> {
    Ok(())
}
