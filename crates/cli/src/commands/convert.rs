use crate::failure::Failure;
use crate::loaded::{FileKind, ModelFile, read_state};
use chainrule::exchange::{Export, ExportPrecision};
use chainrule::{Model, State};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Writes a model or weights in another format, by the ending: models to .chainrule, .json, .onnx and .mlir (StableHLO), weights to
/// .safetensors, .npz and .npy.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    from: ModelFile,
    /// The file to write.
    to: PathBuf,
    /// The precision of real numbers in it.
    #[arg(long, value_enum, default_value_t = Bits::F32)]
    precision: Bits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bits {
    F64,
    F32,
    /// For .mlir alone.
    Bf16,
}

impl Convert {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        let target = FileKind::of(&self.to)?;
        if self.precision == Bits::Bf16 && target != FileKind::StableHlo {
            return Err(Failure::Problem("bf16 is for .mlir; other files take f32 or f64".to_owned()));
        }
        if FileKind::of(&self.from.file)? == FileKind::State {
            if target != FileKind::State {
                return Err(Failure::of(
                    &self.to,
                    "weights alone have no graph: write .safetensors, .npz or .npy",
                ));
            }
            let state = read_state(&self.from.file)?;
            return self.save(&state).map(|()| true);
        }
        let loaded = self.from.load()?;
        let (outputs, updates) = (loaded.outputs(), loaded.updates());
        let precision = match self.precision {
            Bits::F64 => ExportPrecision::F64,
            Bits::F32 => ExportPrecision::F32,
            Bits::Bf16 => ExportPrecision::Bf16,
        };
        match target {
            FileKind::Model => {
                let model = Model::new(outputs, updates)?;
                match self.precision {
                    Bits::F64 => model.save(&self.to, &loaded.state)?,
                    Bits::F32 | Bits::Bf16 => model.save(&self.to, &loaded.state.cast::<f32>())?,
                }
            }
            FileKind::Onnx => {
                let model = Export::new(outputs, updates)?.to_onnx(precision)?;
                let model =
                    if loaded.state.is_empty() { model } else { model.with_weights(&loaded.state)? };
                model.save(&self.to)?;
            }
            FileKind::StableHlo => {
                let text = Export::new(outputs, updates)?.to_stablehlo(precision);
                chainrule::picture::write_file(&self.to, text.as_bytes())?;
            }
            // The weights of the model.
            FileKind::State => self.save(&loaded.state)?,
        }
        Ok(true)
    }

    /// Writes weights in the precision that was asked for.
    fn save(&self, state: &State<f64>) -> Result<(), Failure> {
        match self.precision {
            Bits::F64 => state.save(&self.to)?,
            Bits::F32 | Bits::Bf16 => state.cast::<f32>().save(&self.to)?,
        }
        Ok(())
    }
}
