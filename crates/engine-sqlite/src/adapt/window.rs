//! OVER and WINDOW.

use phantomdb_protocol::Result;
use phantomdb_sql::{build, typing::Type};
use sqlparser::ast::{
    Expr, OrderByExpr, Spanned as _, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec,
};

use super::{adapter::Adapter, converted::comparable, typed::Typed};

impl Adapter<'_> {
    /// SQLite takes the name of another window and ROWS, RANGE and GROUPS as PostgreSQL does.
    pub(super) fn window(&mut self, window: &mut WindowSpec) -> Result<()> {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = window;
        for expr in partition_by {
            let typed = self.expr(expr)?;
            *expr = comparable(build::take(expr), typed);
        }
        let order = self.order_exprs(order_by)?;
        if let Some(WindowFrame { units, start_bound, end_bound }) = window_frame {
            for bound in std::iter::once(start_bound).chain(end_bound) {
                match bound {
                    WindowFrameBound::Preceding(Some(expr)) | WindowFrameBound::Following(Some(expr)) => {
                        let typed = self.expr(expr)?;
                        if *units == WindowFrameUnits::Range {
                            self.check_distance(expr, typed, &order)?;
                        }
                    }
                    WindowFrameBound::CurrentRow
                    | WindowFrameBound::Preceding(None)
                    | WindowFrameBound::Following(None) => {}
                }
            }
        }
        Ok(())
    }

    /// SQLite adds the distance of RANGE to a number. Times and decimals are texts there, to which it adds nothing. PostgreSQL has
    /// no distance with a fraction between integers.
    fn check_distance(&self, distance: &Expr, typed: Typed, order: &[Typed]) -> Result<()> {
        let [value] = order else { return Ok(()) };
        let (value, by) = (value.data_type, typed.data_type);
        let goes_together = match value {
            Type::Other => true,
            value if value.is_integer() => by.is_integer() || matches!(by, Type::Unknown | Type::Other),
            Type::Real | Type::Double => by.is_number() || matches!(by, Type::Unknown | Type::Other),
            _ => false,
        };
        if goes_together {
            return Ok(());
        }
        let what = format!(
            "RANGE with a distance of the type {} between values of the type {}",
            by.name(),
            value.name()
        );
        self.unsupported(&what, distance.span())
    }

    /// Adapts the items of an order, and tells their types.
    pub(super) fn order_exprs(&mut self, order: &mut [OrderByExpr]) -> Result<Vec<Typed>> {
        order.iter_mut().map(|item| self.order_expr(item, None)).collect()
    }
}
