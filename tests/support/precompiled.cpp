// What has the precompiled headers of the tests made: see WEFT_PRECOMPILED_TESTS.
