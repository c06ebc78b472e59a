"""Folders of images as data sets: listed, checked, decoded once and kept.

In comes an :class:`~mnbench.datasets.folders.description.ImageFolder`, what a configuration says;
out go its class names and counts, and its images as one array. Open a module here when a folder is
refused, or when its images come out otherwise than you thought.

===============  ===============================================================================
``description``  what a configuration says of a folder
``listing``      finds its files and classes, and reads none of them
``content``      reads them: what they are, which are alike, which are for testing
``decoding``     a file's bytes to pixels, or why not
``cache``        the images of a folder in one file, valid as long as the content is the same
===============  ===============================================================================

The trap: a study is planned whenever Snakemake is started, and the plan needs the content of the
folder. So all but the first look must be quick: ``listing`` alone, and no file read.
"""
