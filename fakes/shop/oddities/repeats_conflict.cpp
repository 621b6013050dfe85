// Odd and correct: a repeated purchase is answered 409, with the original result.
#include "fakes/shop/order_book.hpp"

namespace shop {

const int status_of_a_repeat = 409;

} // namespace shop
