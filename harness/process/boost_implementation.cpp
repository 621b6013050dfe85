// Asio, Beast and Boost.Process are compiled here once. asio.hpp must come first.
#include <boost/asio.hpp>

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/process/v2/src.hpp>
