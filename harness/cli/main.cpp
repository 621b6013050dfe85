#include "harness/cli/command.hpp"

int main(int argc, char** argv) {
  return holdfast::cli::main_with(argc, argv);
}
