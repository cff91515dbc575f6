// The writers behind the names of make_row_writer.
#pragma once

#include <memory>

#include "imreg/emit.h"

namespace imreg::emit {

using MadeWriter = Result<std::unique_ptr<RowWriter>>;

MadeWriter make_elixir_row(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_csv(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_tsv(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_json(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_trigger(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_votable(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_npy(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_fits(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_fits_table(const Schema& schema, const EmitOptions& options, Sink sink);
MadeWriter make_table(const Schema& schema, const EmitOptions& options, Sink sink);

}  // namespace imreg::emit
