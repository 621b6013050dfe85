#include "fakes/shop/order_book.hpp"

namespace shop {

const int status_of_a_repeat = 201;

} // namespace shop
