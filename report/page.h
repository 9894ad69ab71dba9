#pragma once
// The whole page from its parts: fills the slots of assets/page.html and states, in a content
// security policy, that nothing but the page's own two scripts runs and nothing is fetched.
// Internal.

#include <map>
#include <string>

namespace physprobe {

/// Replaces every {{name}} of the template once; throws Error(kInternal) for a slot without text.
std::string compose_page(const std::map<std::string, std::string>& slots);

}  // namespace physprobe
