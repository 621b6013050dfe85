// Asio and Beast are compiled here once for the shop's programs.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
