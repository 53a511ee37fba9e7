//! Compiles the contract without protoc: protox parses the files, tonic generates the bindings, and the same
//! descriptor set is kept for reflection.
use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 7] = [
    "blocklog/chain/v1/chain.proto",
    "blocklog/types/v1/types.proto",
    "blocklog/ingest/v1/ingest.proto",
    "blocklog/miner/v1/miner.proto",
    "blocklog/ledger/v1/ledger.proto",
    "blocklog/explorer/v1/explorer.proto",
    // Reflected, so that grpcurl prints the details of an error; the Rust types come from tonic-types.
    "google/rpc/error_details.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=blocklog");
    println!("cargo:rerun-if-changed=google");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;
    let set = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    let mut ours = set;
    ours.file.retain(|file| file.package() != "google.rpc");
    let mut config = prost_build::Config::new();
    // `wire::json` finds a message's descriptor by its name.
    config.enable_type_names();
    tonic_prost_build::configure()
        .bytes(".")
        .compile_fds_with_config(ours, config)?;
    Ok(())
}
