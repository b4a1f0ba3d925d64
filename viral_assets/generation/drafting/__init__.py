"""What a model is asked and what its text is worth: prompt, answers, quality rules.

Pure: no request is sent, no quota is asked and nothing is saved here.
"""
