#include "harness/cli/exit_status.hpp"

int main(int argc, char** argv) {
  return holdfast::cli::main_with(argc, argv);
}
